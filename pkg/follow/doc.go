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
// Promised: every hop is a bodyless GET built from scratch (no Authorization, no Referer, no header
// of the hop before but the cookies that RFC 6265 and its prefixes allow); at most 64 KiB of a
// decoded body are read; nothing is executed; no error text holds a raw URL or a secret.
package follow
