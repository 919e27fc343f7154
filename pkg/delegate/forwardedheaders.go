package delegate

import "net/http"

// Via is what the header Via of a request and of an answer says, once they have
// come by here.
const Via = "1.1 redis-metrics-adapter"

// requestHeaders are all that the backend is told of the client's headers. Who
// asks is not among them, and neither is any secret.
var requestHeaders = []string{"Accept", "Accept-Encoding", "Content-Type", "User-Agent"}

// headers returns the headers of a request to the backend.
func (b *Backend) headers(client http.Header) http.Header {
	headers := http.Header{
		"Authorization": {"Bearer " + b.tokens.current()},
		"Via":           {Via},
	}
	for _, name := range requestHeaders {
		if values := client[name]; len(values) > 0 {
			headers[name] = values
		}
	}
	return headers
}
