package catalog

import (
	"cmp"
	"errors"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

var (
	errMigrating = errors.New("slots are being migrated, or keys that have moved are being removed, so that the server counts keys that are elsewhere: it is known again once that has ended")
	errMigrated  = errors.New("slots were migrated within the window, and the server counts the keys that it moves as commands of clients: it is known again once that has ended and the window is past it")
)

// unsettled returns why the keys of a node are not those that its clients see,
// nil if nothing says so.
func unsettled(sample *history.Sample, node *history.Node) error {
	if migrating, refused := sample.Migrating(node); migrating {
		return cmp.Or(refused, errMigrating)
	}
	return node.Outdated
}
