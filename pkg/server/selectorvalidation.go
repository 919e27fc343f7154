package server

import (
	"fmt"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// selectorBytes bounds each selector of a request, and selectorTerms the requirements in it.
	selectorBytes = 4 << 10
	selectorTerms = 64
	// queryBytes bounds the query before it is parsed. It has room for selectors in
	// which every byte is escaped, and for the rest.
	queryBytes = 3*3*selectorBytes + 1<<10
)

// checkQuery refuses a selector that is malformed or too long. The library would report
// an internal error for the former, and use unbounded time and memory for the latter.
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
		switch name {
		case "metricLabelSelector", "labelSelector", "fieldSelector":
			if err := checkSelector(name, values); err != nil {
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

func checkSelector(name string, values []string) error {
	if len(values) > 1 {
		return apierrors.NewBadRequest(fmt.Sprintf("%s is given %d times: write one, with its requirements joined by commas", name, len(values)))
	}
	if size := len(values[0]); size > selectorBytes {
		return apierrors.NewBadRequest(fmt.Sprintf("%s has %d bytes, at most %d are read", name, size, selectorBytes))
	}
	terms, err := countTerms(name, values[0])
	switch {
	case err != nil:
		return apierrors.NewBadRequest(fmt.Sprintf("%s cannot be read: %v", name, err))
	case terms > selectorTerms:
		return apierrors.NewBadRequest(fmt.Sprintf("%s has %d requirements, at most %d are read", name, terms, selectorTerms))
	}
	return nil
}

func countTerms(name, text string) (int, error) {
	if name != "fieldSelector" {
		terms, err := labels.ParseToRequirements(text)
		return len(terms), err
	}
	selector, err := fields.ParseSelector(text)
	if err != nil {
		return 0, err
	}
	return len(selector.Requirements()), nil
}
