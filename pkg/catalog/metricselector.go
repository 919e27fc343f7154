package catalog

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// Selector selects the series whose labels meet all its requirements.
type Selector labels.Requirements

// IsNodeLabel reports whether all series of a node share a label.
func IsNodeLabel(label string) bool {
	return label == LabelRole || label == LabelNode || label == LabelShard
}

func (s Selector) matches(of labels.Set) bool {
	return !slices.ContainsFunc(s, func(r labels.Requirement) bool { return !r.Matches(of) })
}

// matchesNode is like matches, but considers only requirements on the labels of nodes.
func (s Selector) matchesNode(of labels.Set) bool {
	return !slices.ContainsFunc(s, func(r labels.Requirement) bool { return IsNodeLabel(r.Key()) && !r.Matches(of) })
}

// ofNodesAlone reports whether all requirements are on the labels of nodes.
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
