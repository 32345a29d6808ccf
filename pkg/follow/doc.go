// Package follow is the device of the flow: it opens an auth_url and follows its redirects hop by
// hop, over vendor and carrier hosts, until the redirect URI, a JSON answer or a dead end.
//
// Use a [Follower] where no phone opens the URL. Its [Follower.Transport] should end in the one of
// [Net.Transport], which checks every address at the moment it is dialled.
//
// The rules, checked in this order before each hop:
//
//	syntax and scheme       https and http with a host; no userinfo, control characters or bad port
//	is it the redirect URI  the end: the code is in the URL, which is requested only if it is ours
//	the address             public yes; loopback and private if allowed; link-local, metadata … never;
//	                        a code or token never travels over http to a public address
//	loop                    the same method, URL and cookies as before
//	count                   at most Options.MaxHops redirects followed
//
// Options.As obeys the rules of a row of [Clients] on top of these, and ends as that client ends;
// [Client.Judge] tells the same of a chain that is on record. With [Net.Interface], [Net.DNS] or a
// client that has its own TLS and HTTP versions use [Net.Routes], which keeps the connections of a
// chain apart from those of API calls.
//
// Promised: every hop is a bodyless GET built from scratch (no Authorization, no Referer, no header
// of the hop before but the cookies that RFC 6265 and its prefixes allow; Options.Header and
// Options.Cookies for the first origin alone); at most 64 KiB of a
// decoded body are read; nothing is executed; no error text holds a raw URL or a secret.
//
// Two ways out are tested in network namespaces, as root: go test -tags netns -run Netns ./pkg/follow/
package follow
