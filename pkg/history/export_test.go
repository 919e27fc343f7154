package history

// Kept returns how many samples a history holds.
func Kept(s *History) int {
	return len(s.load().samples)
}
