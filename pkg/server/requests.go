package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
)

// withCheckedSelector refuses a malformed metricLabelSelector as the client's
// fault. The library would call it an internal error.
func withCheckedSelector(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := checkSelector(r.URL); err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func checkSelector(asked *url.URL) error {
	for _, text := range asked.Query()["metricLabelSelector"] {
		if _, err := labels.Parse(text); err != nil {
			return apierrors.NewBadRequest(fmt.Sprintf("metricLabelSelector cannot be read: %v", err))
		}
	}
	return nil
}

// withPlainLists sends the values of all objects as they are, though the client takes
// them compressed: for thousands of values both sides would take longer to compress
// them, and to read that, than the network of a cluster takes to carry them.
func withPlainLists(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/*/") {
			r = r.Clone(r.Context())
			r.Header.Del("Accept-Encoding")
		}
		next.ServeHTTP(w, r)
	})
}
