package credentials

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxAnswerBytes bounds a response of the API server. The largest Secret, of 1 MiB,
// takes a third more in base64, plus its metadata.
const maxAnswerBytes = 4 << 20

// name identifies an object, and some of its keys.
type name struct {
	kind            target.Kind
	namespace, name string
	keys            string // joined by commas, which no key holds
}

func nameOf(t *target.Target, r target.Reference) name {
	return name{kind: r.Kind, namespace: t.Namespace, name: r.Name, keys: strings.Join(r.Keys, ",")}
}

// content is what a read found. It is immutable.
type content struct {
	problem problem
	values  map[string][]byte // of all keys, if there is no problem
	// pool and pair parse certificates on first use, once for all targets that name the
	// object. A bundle of all public authorities takes milliseconds to parse, and a
	// megabyte.
	pool func() *x509.CertPool
	pair func() (tls.Certificate, error)
}

// newContent returns the content of an object. An object with authorities has one key.
func newContent(values map[string][]byte, keys string) *content {
	return &content{
		values: values,
		pool:   sync.OnceValue(func() *x509.CertPool { return certPool(values[keys]) }),
		pair: sync.OnceValues(func() (tls.Certificate, error) {
			return keyPair(values[corev1.TLSCertKey], values[corev1.TLSPrivateKeyKey])
		}),
	}
}

func (c *content) equal(other *content) bool {
	return other != nil && c.problem == other.problem && maps.EqualFunc(c.values, other.values, bytes.Equal)
}

// read reads an object. The content also says what failed. The error is for the log.
func read(ctx context.Context, client rest.Interface, n name) (*content, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	// Unlike Do, Stream does not log what it reads.
	answer, err := client.Get().
		Namespace(n.namespace).
		Resource(strings.ToLower(string(n.kind))+"s").
		Name(n.name).
		SetHeader("Accept", "application/json").
		MaxRetries(0).
		Stream(ctx)
	switch {
	case apierrors.IsNotFound(err):
		return &content{problem: notFound}, nil
	case apierrors.IsForbidden(err):
		return &content{problem: forbidden}, nil
	case err != nil:
		return &content{problem: unavailable}, err
	}
	defer func() { _ = answer.Close() }()
	all, err := decode(n.kind, answer)
	if err != nil {
		return &content{problem: unavailable}, err
	}
	found := map[string][]byte{}
	for key := range strings.SplitSeq(n.keys, ",") {
		value, ok := all[key]
		if !ok {
			return &content{problem: keyNotFound}, nil
		}
		found[key] = value
	}
	return newContent(found, n.keys), nil
}

// decode reads the data of a Secret or ConfigMap. Its error quotes none of it.
func decode(kind target.Kind, answer io.Reader) (map[string][]byte, error) {
	decoder := json.NewDecoder(io.LimitReader(answer, maxAnswerBytes))
	unreadable := errors.New("the answer cannot be read, or is too large")
	if kind == target.Secret {
		var secret struct{ Data map[string][]byte }
		if err := decoder.Decode(&secret); err != nil {
			return nil, unreadable
		}
		return secret.Data, nil
	}
	var configMap struct {
		Data       map[string]string
		BinaryData map[string][]byte
	}
	if err := decoder.Decode(&configMap); err != nil {
		return nil, unreadable
	}
	all := map[string][]byte{}
	maps.Copy(all, configMap.BinaryData)
	for key, value := range configMap.Data {
		all[key] = []byte(value)
	}
	return all, nil
}
