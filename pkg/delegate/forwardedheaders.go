package delegate

import "net/http"

// Via is the value of the header Via in forwarded requests and responses.
const Via = "1.1 redis-metrics-adapter"

// requestHeaders are the only headers of the client that are forwarded. They identify
// nobody, and contain no secret.
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
