package catalog

import (
	"cmp"
	"errors"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

var (
	errMigrating = errors.New("slots are being migrated, or keys that have moved are being removed, so the server counts keys that are elsewhere: it is known again once that has ended")
	errMigrated  = errors.New("slots were migrated within the window, and the server counts the keys that it moves as commands of clients: it is known again once that has ended and the window is past it")
)

// unsettled returns why the keys of a node may differ from those that its clients see,
// nil if they do not.
func unsettled(sample *history.Sample, node *history.Node) error {
	if migrating, refused := sample.Migrating(node); migrating {
		return cmp.Or(refused, errMigrating)
	}
	return node.Outdated
}
