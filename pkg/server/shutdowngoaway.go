package server

import "net/http"

// withGoAway has clients leave their connections from the moment that the server is to stop. The aggregator asks over
// one HTTP/2 connection, which outlives the Service's routing to this pod; without a farewell it asks there until the
// delay is over, and what it asks just then is refused. HTTP/2 makes GOAWAY of the header, and the next request goes to
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
