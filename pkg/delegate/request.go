package delegate

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"

	"k8s.io/metrics/pkg/apis/custom_metrics"
)

const (
	// bodyBytes bounds the body of a response.
	bodyBytes = 16 << 20
	root      = "/apis/" + custom_metrics.GroupName + "/"
)

func (b *Backend) newProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: b.round,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "https", b.cfg.host(), b.cfg.host()
			// The decoded path was authorized, so it is forwarded in no other spelling.
			r.Out.URL.RawPath, r.Out.URL.RawQuery = "", r.In.URL.RawQuery
			r.Out.Body, r.Out.ContentLength, r.Out.TransferEncoding, r.Out.Trailer = http.NoBody, 0, nil, nil
			r.Out.Header = b.headers(r.In.Header)
		},
		ModifyResponse: func(response *http.Response) error {
			if failure := b.judge(response); failure != "" {
				return failure
			}
			response.Body = &boundedBody{ReadCloser: response.Body, left: bodyBytes, ctx: response.Request.Context()}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			a := answerOf(r.Context())
			a.fail(failureOf(a.request.Context(), err), b.cfg.name())
		},
		ErrorLog: log.New(io.Discard, "", 0), // failures are counted, and an error has addresses in it
	}
}

// judge returns why a response cannot be passed on, empty if it can.
func (b *Backend) judge(response *http.Response) Failure {
	switch code := response.StatusCode; {
	case code == http.StatusUnauthorized:
		// The backend does not know this adapter, rather than the client.
		b.tokens.reject()
		return TokenRejected
	case code < http.StatusOK || code >= http.StatusMultipleChoices && code < http.StatusBadRequest:
		return Invalid
	case response.ContentLength > bodyBytes:
		return TooLong
	}
	return ""
}

// versionOf returns the version in a path of the API.
func versionOf(path string) string {
	version, _, _ := strings.Cut(strings.TrimPrefix(path, root), "/")
	return version
}

// boundedBody fails once more than left has been read, and records the failure in the
// answer.
type boundedBody struct {
	io.ReadCloser
	left int
	ctx  context.Context // of the request to the backend
}

func (b *boundedBody) Read(p []byte) (int, error) {
	late := b.ctx.Err() != nil // the client took its time to read what came before
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		n, err = 0, TooLong
	}
	if err != nil && err != io.EOF {
		a := answerOf(b.ctx)
		a.failure = failureOf(a.request.Context(), err)
		if late {
			a.failure = gone
		}
	}
	return n, err
}

type answerKey struct{}

// answerOf returns the answer for which a request to the backend is made.
func answerOf(ctx context.Context) *answer { return ctx.Value(answerKey{}).(*answer) }
