package catalog

import "slices"

// Selector picks the series whose labels meet all of its requirements.
type Selector []Requirement

// Requirement is on the value of one label.
type Requirement interface {
	// Key returns the label.
	Key() string
	// Values returns the values that the requirement lists, if it lists any.
	Values() []string
	// Matches reports whether labels meet the requirement.
	Matches(labels map[string]string) bool
}

// IsNodeLabel reports whether a label is one that all series of a node share.
func IsNodeLabel(label string) bool {
	return label == LabelRole || label == LabelNode || label == LabelShard
}

func (s Selector) matches(labels map[string]string) bool {
	return !slices.ContainsFunc(s, func(r Requirement) bool { return !r.Matches(labels) })
}

// matchesNode is matches by the requirements on the labels of nodes alone.
func (s Selector) matchesNode(labels map[string]string) bool {
	return !slices.ContainsFunc(s, func(r Requirement) bool { return IsNodeLabel(r.Key()) && !r.Matches(labels) })
}

// ofNodesAlone reports whether no requirement tells series of one node apart.
func (s Selector) ofNodesAlone() bool {
	return !slices.ContainsFunc(s, func(r Requirement) bool { return !IsNodeLabel(r.Key()) })
}

// names reports whether there is a requirement on a label.
func (s Selector) names(label string) bool {
	return slices.ContainsFunc(s, func(r Requirement) bool { return r.Key() == label })
}

// values returns the values of a label that requirements list.
func (s Selector) values(label string) []string {
	var values []string
	for _, r := range s {
		if r.Key() == label {
			values = append(values, r.Values()...)
		}
	}
	return values
}
