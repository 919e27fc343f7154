package series

// Kept returns how many samples a series holds.
func Kept(s *Series) int {
	return len(s.load().samples)
}
