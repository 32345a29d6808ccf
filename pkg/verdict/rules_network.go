package verdict

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// networkRules judge what happened before an answer, or in place of a whole one.
func networkRules() []rule {
	return []rule{
		{cause: "certificate-expired", sure: Certain, when: is[x509.CertificateInvalidError]},
		{cause: "inspecting-proxy", sure: Likely, when: is[x509.UnknownAuthorityError], shows: issuer},
		{cause: "inspecting-proxy", sure: Likely, deep: "unknown authority|certificate is not trusted|self-signed certificate|self signed certificate|unable to get local issuer", shows: issuer},
		{cause: "certificate-expired", sure: Likely, deep: "certificate has expired|certificate is not yet valid|expired certificate"},
		{cause: "certificate-other-host", sure: Certain, when: is[x509.HostnameError]},
		{cause: "certificate-other-host", sure: Likely, deep: "no alternative certificate subject name|certificate is valid for"},
		{cause: "clock-skew", sure: Likely, when: func(v *view) bool { return is[x509.CertificateInvalidError](v) && skewed(v) }, shows: clocks},
		{cause: "tls-refused", sure: Likely, when: is[tls.RecordHeaderError]},
		{cause: "tls-refused", sure: Likely, deep: "tls: protocol version|handshake failure|first record does not look like|no cipher|http response to https"},
		{cause: "proxy-in-the-way", sure: Certain, status: "407"},
		{cause: "proxy-in-the-way", sure: Likely, kind: "network|unknown-outcome", deep: "proxyconnect|proxy authentication|socks connect|connect tunnel failed"},
		{cause: "dns-failure", sure: Certain, kind: "network", when: func(v *view) bool { return is[*net.DNSError](v) && !throughProxy(v) }},
		{cause: "dns-failure", sure: Likely, deep: "no such host|could not resolve|resolving timed out"},
		{cause: "ipv6-broken", sure: Likely, when: onlyIPv6, shows: whichAddress},
		{cause: "no-network", sure: Likely, when: failedWith(syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EACCES)},
		{cause: "connection-refused", sure: Certain, when: func(v *view) bool { return failedWith(syscall.ECONNREFUSED)(v) && !throughProxy(v) }},
		{cause: "connection-refused", sure: Likely, deep: "connection refused|econnrefused|actively refused"},
		{cause: "no-network", sure: Likely, deep: "network is unreachable|enetunreach|no route to host|ehostunreach", when: func(v *view) bool { return !onlyIPv6(v) }},
		{cause: "answer-too-large", sure: Certain, deep: "header list too large|headers exceeded|response headers exceeded|header+larger|too large"},
		{cause: "connection-lost", sure: Likely, kind: "network|unknown-outcome", when: hungUp},
		{cause: "no-answer", sure: Likely, kind: "network|unknown-outcome", when: timedOut},
		{cause: "no-answer", sure: Likely, ends: "timeout"},
	}
}

// catchAlls stand behind everything else.
func catchAlls() []rule {
	return []rule{
		{cause: "connection-lost", sure: Possible, kind: "unknown-outcome"},
		{cause: "proxy-in-the-way", sure: Possible, kind: "network", when: func(v *view) bool { return v.Proxy != "" }, shows: theProxy},
	}
}

// is tells whether an error of some type is at the bottom.
func is[T error](v *view) bool {
	if v.Err == nil {
		return false
	}
	_, ok := errors.AsType[T](v.Err)
	return ok
}

func failedWith(numbers ...syscall.Errno) func(*view) bool {
	return func(v *view) bool {
		for _, n := range numbers {
			if v.Err != nil && errors.Is(v.Err, n) && !onlyIPv6(v) {
				return true
			}
		}
		return false
	}
}

func throughProxy(v *view) bool {
	return heard(v.deep, "proxyconnect|socks connect") != ""
}

func hungUp(v *view) bool {
	return v.Err != nil && (errors.Is(v.Err, syscall.ECONNRESET) || errors.Is(v.Err, syscall.EPIPE) ||
		errors.Is(v.Err, io.EOF) || errors.Is(v.Err, io.ErrUnexpectedEOF) ||
		heard(v.deep, "connection was closed|connection reset|server closed|broken pipe|empty reply|malformed http") != "")
}

func timedOut(v *view) bool {
	if v.Err == nil {
		return false
	}
	slow, ok := errors.AsType[net.Error](v.Err)
	return ok && slow.Timeout() || errors.Is(v.Err, context.DeadlineExceeded) || heard(v.deep, "timed out|timeout") != ""
}

// onlyIPv6: the connection failed at an IPv6 address, in the way in which IPv6 fails.
func onlyIPv6(v *view) bool {
	op, ok := dialError(v)
	if !ok || op.Addr == nil || v.err.Kind != vnv.KindNetwork && v.err.Kind != vnv.KindUnknownOutcome {
		return false
	}
	host, _, err := net.SplitHostPort(op.Addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.To4() != nil || ip.IsLoopback() {
		return false
	}
	return errors.Is(op, syscall.ENETUNREACH) || errors.Is(op, syscall.EHOSTUNREACH) || errors.Is(op, syscall.EADDRNOTAVAIL) || op.Timeout()
}

func dialError(v *view) (*net.OpError, bool) {
	if v.Err == nil {
		return nil, false
	}
	op, ok := errors.AsType[*net.OpError](v.Err)
	return op, ok && op.Op == "dial"
}

func whichAddress(v *view) []Evidence {
	op, ok := dialError(v)
	if !ok {
		return nil
	}
	return []Evidence{{Field: "address", Text: "it was tried at " + op.Addr.String() + ", an IPv6 address"}}
}

func issuer(v *view) []Evidence {
	name := strings.TrimSpace(v.Issuer)
	if name == "" {
		if h := v.lastHop(); h != nil {
			name = h.CertIssuer
		}
	}
	if name == "" {
		return nil
	}
	return []Evidence{{Field: "certificate", Text: "the certificate was issued by " + trace.Printable(name)}}
}

func theProxy(v *view) []Evidence {
	return []Evidence{{Field: "proxy", Text: "the connection goes by " + trace.Printable(v.Proxy)}}
}
