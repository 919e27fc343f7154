package catalog

import "testing"

// TestListedClassesExist checks that the table of commands has no class but those that the code tells apart.
func TestListedClassesExist(t *testing.T) {
	counts := map[class]int{}
	for command, is := range listed() {
		switch is {
		case service, reading, replicated:
			counts[is]++
		default:
			t.Errorf("command %s is of the class %q, which does not exist", command, is)
		}
	}
	if len(counts) != 3 {
		t.Errorf("the commands of each class are %v, want some of all three", counts)
	}
}
