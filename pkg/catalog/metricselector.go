package catalog

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// Selector picks the series whose labels meet all of its requirements.
type Selector labels.Requirements

// IsNodeLabel reports whether a label is one that all series of a node share.
func IsNodeLabel(label string) bool {
	return label == LabelRole || label == LabelNode || label == LabelShard
}

func (s Selector) matches(of labels.Set) bool {
	return !slices.ContainsFunc(s, func(r labels.Requirement) bool { return !r.Matches(of) })
}

// matchesNode is matches by the requirements on the labels of nodes alone.
func (s Selector) matchesNode(of labels.Set) bool {
	return !slices.ContainsFunc(s, func(r labels.Requirement) bool { return IsNodeLabel(r.Key()) && !r.Matches(of) })
}

// ofNodesAlone reports whether no requirement tells series of one node apart.
func (s Selector) ofNodesAlone() bool {
	return !slices.ContainsFunc(s, func(r labels.Requirement) bool { return !IsNodeLabel(r.Key()) })
}

// names reports whether there is a requirement on a label.
func (s Selector) names(label string) bool {
	return slices.ContainsFunc(s, func(r labels.Requirement) bool { return r.Key() == label })
}

// values returns the values of a label that requirements list.
func (s Selector) values(label string) []string {
	var values []string
	for _, r := range s {
		if r.Key() == label {
			values = append(values, r.ValuesUnsorted()...)
		}
	}
	return values
}
