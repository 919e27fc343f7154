package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// selectorBytes bounds each selector of a request, and selectorTerms the requirements in it.
	selectorBytes = 4 << 10
	selectorTerms = 64
	// queryBytes bounds the query before it is taken apart: room for selectors in
	// which every byte is escaped, and for the rest.
	queryBytes = 3*3*selectorBytes + 1<<10
)

// selectors count the requirements of each selector that a query may hold.
var selectors = map[string]func(text string) (terms int, err error){
	"metricLabelSelector": labelTerms,
	"labelSelector":       labelTerms,
	"fieldSelector":       fieldTerms,
}

// checkQuery refuses a selector that is malformed or too long. The library would
// call the one an internal error, and take any time and memory for the other.
func checkQuery(raw string) error {
	if raw == "" {
		return nil
	}
	if err := checkQuerySize(raw); err != nil {
		return err
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return apierrors.NewBadRequest("the query cannot be read: write it as name=value pairs, escaped and joined by &")
	}
	for name, values := range query {
		if count, ok := selectors[name]; ok {
			if err := checkSelector(name, values, count); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkQuerySize(raw string) error {
	if len(raw) > queryBytes {
		return apierrors.NewBadRequest(fmt.Sprintf("the query has %d bytes, at most %d are read, with at most %d in each selector", len(raw), queryBytes, selectorBytes))
	}
	return nil
}

func checkSelector(name string, values []string, count func(string) (int, error)) error {
	if len(values) > 1 {
		return apierrors.NewBadRequest(fmt.Sprintf("%s stands there %d times: write one, with its requirements joined by commas", name, len(values)))
	}
	if size := len(values[0]); size > selectorBytes {
		return apierrors.NewBadRequest(fmt.Sprintf("%s has %d bytes, at most %d are read", name, size, selectorBytes))
	}
	terms, err := count(values[0])
	switch {
	case err != nil:
		return apierrors.NewBadRequest(fmt.Sprintf("%s cannot be read: %v", name, err))
	case terms > selectorTerms:
		return apierrors.NewBadRequest(fmt.Sprintf("%s has %d requirements, at most %d are read", name, terms, selectorTerms))
	}
	return nil
}

func labelTerms(text string) (int, error) {
	terms, err := labels.ParseToRequirements(text)
	return len(terms), err
}

func fieldTerms(text string) (int, error) {
	selector, err := fields.ParseSelector(text)
	if err != nil {
		return 0, err
	}
	return len(selector.Requirements()), nil
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
