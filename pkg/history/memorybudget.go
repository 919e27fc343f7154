package history

import (
	"errors"
	"unsafe"
)

// Bounds on what is kept, in bytes as Sample.bytes counts them.
const (
	// ObjectBytes is how much is kept of one target at most.
	ObjectBytes = 16 << 20
	// OrdinaryBytes is how much each target may keep whatever others do. Most keep a tenth of it.
	OrdinaryBytes = 256 << 10
	// LargeBytes is how much all targets may keep beyond OrdinaryBytes each.
	LargeBytes = 64 << 20
)

var (
	// ErrObjectFull says that more would be kept of one target than ObjectBytes.
	ErrObjectFull = errors.New("the samples of the object would take too much memory")
	// ErrStoreFull says that more would be kept of large targets than LargeBytes.
	ErrStoreFull = errors.New("the samples of all objects take too much memory")
)

// bytes returns about how much a sample keeps that comes after another one. Keys
// count once where nodes, or samples one after the other, share them.
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

// large is how much of what a target keeps is beyond what each may.
func large(kept int) int64 { return int64(max(0, kept-OrdinaryBytes)) }

// reserve takes note that a target keeps so many bytes in place of others. It
// fails, and notes nothing, if there is no room for more.
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
