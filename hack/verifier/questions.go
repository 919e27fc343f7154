package verifier

import (
	"maps"
	"slices"
)

func (v *Verifier) questions(object string) []Expectation {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := v.expectations[object]
	found := make([]Expectation, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		found = append(found, all[name])
	}
	return found
}

type sharedQuestion struct {
	Expectation
	objects []string
}

func (v *Verifier) shared() []sharedQuestion {
	v.mu.Lock()
	defer v.mu.Unlock()
	byName := map[string]*sharedQuestion{}
	for _, object := range slices.Sorted(maps.Keys(v.expectations)) {
		for name, e := range v.expectations[object] {
			if byName[name] == nil {
				byName[name] = &sharedQuestion{Expectation: e}
			}
			byName[name].objects = append(byName[name].objects, object)
		}
	}
	var found []sharedQuestion
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if len(byName[name].objects) > 1 {
			found = append(found, *byName[name])
		}
	}
	return found
}

// NeverKnown returns the questions of which no value was checked, among those that are checked under any fault.
func (v *Verifier) NeverKnown() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	missing := map[string]bool{}
	for _, all := range v.expectations {
		for name, e := range all {
			if e.Kind != Refused && e.Refusal == "" && !e.Calm && v.report.Metrics[name].Values == 0 {
				missing[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(missing))
}
