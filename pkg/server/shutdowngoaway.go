package server

import "net/http"

// withGoAway makes clients leave their connections once the server is told to stop. The aggregator uses one HTTP/2
// connection, which outlives the Service's routing to this pod. Without GOAWAY, it would use it until the end of the
// delay, and its last requests would be refused. HTTP/2 turns the header into GOAWAY, and the next request goes to
// another replica.
func withGoAway(next http.Handler, stopping <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-stopping:
			w.Header().Set("Connection", "close")
		default:
		}
		next.ServeHTTP(w, r)
	})
}
