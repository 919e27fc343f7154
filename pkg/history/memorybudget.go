package history

import (
	"errors"
	"unsafe"
)

// Bounds on the memory of samples, in bytes as Sample.bytes counts them.
const (
	// ObjectBytes bounds what is kept of one target.
	ObjectBytes = 16 << 20
	// OrdinaryBytes is how much each target may always keep. Most keep a tenth of it.
	OrdinaryBytes = 256 << 10
	// LargeBytes bounds what all targets together keep beyond OrdinaryBytes each.
	LargeBytes = 64 << 20
)

var (
	// ErrObjectFull means that one target would keep more than ObjectBytes.
	ErrObjectFull = errors.New("the samples of the object would take too much memory")
	// ErrStoreFull means that large targets would keep more than LargeBytes.
	ErrStoreFull = errors.New("the samples of all objects take too much memory")
)

// bytes estimates how much memory a sample keeps, given the sample before. Keys that
// nodes or successive samples share count once.
func (s *Sample) bytes(before Sample) int {
	const sharedKeys = 64 << 10 // larger ones count in each sample
	size := len(s.Probed) * 64
	for i := range s.Nodes {
		node := &s.Nodes[i]
		size += int(unsafe.Sizeof(*node)) + len(node.Address) + len(node.Name)
		if node.Info == nil {
			continue
		}
		size += node.Info.Size()
		if i > 0 && s.Nodes[i-1].Info != nil && node.Info.SharesKeys(s.Nodes[i-1].Info) {
			continue
		}
		was := before.find(node)
		if was == nil || was.Info == nil || !node.Info.SharesKeys(was.Info) || node.Info.KeysSize() > sharedKeys {
			size += node.Info.KeysSize()
		}
	}
	return size
}

// large returns how much a target keeps beyond OrdinaryBytes.
func large(kept int) int64 { return int64(max(0, kept-OrdinaryBytes)) }

// reserve replaces the memory that a target has reserved. If there is no room, it fails
// and changes nothing.
func (s *Store) reserve(before, after int) error {
	if after > ObjectBytes {
		return ErrObjectFull
	}
	more := large(after) - large(before)
	if all := s.large.Add(more); more > 0 && all > LargeBytes {
		s.large.Add(-more)
		return ErrStoreFull
	}
	return nil
}
