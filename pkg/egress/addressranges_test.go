package egress

import (
	"strings"
	"testing"
)

func TestParseRange(t *testing.T) {
	for text, want := range map[string]struct {
		prefix string
		port   uint16
	}{
		"10.0.0.0/8":           {"10.0.0.0/8", 0},
		"10.0.0.0/8:6379":      {"10.0.0.0/8", 6379},
		"10.1.2.3/32:65535":    {"10.1.2.3/32", 65535},
		"fd00::/8":             {"fd00::/8", 0},
		"fd00::/8:6379":        {"fd00::/8", 6379},
		"127.0.0.0/8:6379":     {"127.0.0.0/8", 6379},
		"::1/128":              {"::1/128", 0},
		"0.0.0.0/0":            {"0.0.0.0/0", 0},
		"64:ff9b::/96:6379":    {"64:ff9b::/96", 6379},
		"2001:db8::1/128:6379": {"2001:db8::1/128", 6379},
	} {
		got, err := ParseRange(text)
		if err != nil || got.Prefix.String() != want.prefix || got.Port != want.port {
			t.Errorf("ParseRange(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseRangeSaysWhatToWrite(t *testing.T) {
	const form = "write CIDR or CIDR:port, such as 10.0.0.0/8:6379"
	for text, want := range map[string]string{
		"":                     form,
		"10.0.0.1":             form,
		"10.0.0.1:6379":        form,
		"redis.default:6379":   form,
		"10.0.0.0/33":          form,
		"10.0.0.0/8/6379":      form,
		"fe80::%eth0/10":       form,
		"10.1.2.3/8":           "write 10.0.0.0/8",
		"fd00::1/8:6379":       "write fd00::/8",
		"10.0.0.0/8:":          "invalid port: use 1-65535",
		"10.0.0.0/8:0":         "invalid port: use 1-65535",
		"10.0.0.0/8:65536":     "invalid port: use 1-65535",
		"10.0.0.0/8:redis":     "invalid port: use 1-65535",
		"::ffff:10.0.0.0/104":  "write it as IPv4",
		"169.254.0.0/16":       "leave it out",
		"169.254.169.254/32":   "leave it out",
		"224.0.0.0/8":          "leave it out",
		"0.0.0.0/32":           "leave it out",
		"fe80::/64:6379":       "leave it out",
		"255.255.255.255/32:1": "leave it out",
	} {
		if _, err := ParseRange(text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("ParseRange(%q) fails with %v, want in it %q", text, err, want)
		}
	}
}
