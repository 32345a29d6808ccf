package flow

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrLocked is returned by [OpenFile] while another process works on the session.
var ErrLocked = errors.New("session: another process is working on it")

// File is a session document on disk. It is locked (FILE.lock) from [OpenFile] to
// [File.Close]; every save is whole or not at all, and lasts: a temporary file of
// mode 0600 beside it, synced, then renamed over it. Symbolic links are refused.
type File struct {
	path string
	lock *flock.Flock
}

// OpenFile locks a session file, which need not exist yet.
func OpenFile(path string) (*File, error) {
	for _, p := range []string{path, path + ".lock"} {
		if err := regular(p); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist): // of the lock, which says nothing to a person
		return nil, fmt.Errorf("session: %s: %w", filepath.Dir(path), fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("session: %w", err)
	case !got:
		return nil, ErrLocked
	}
	return &File{path: path, lock: lock}, nil
}

// regular refuses everything that is there and is no plain file.
func regular(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a plain file", path)
	}
	return nil
}

// Load reads the session; the error is an [fs.ErrNotExist] if there is none yet.
func (f *File) Load() (Session, error) {
	r, err := os.Open(f.path)
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	defer r.Close()
	return ReadSession(r)
}

// Save replaces the file's content.
func (f *File) Save(s Session) error {
	doc, err := s.Document()
	if err != nil {
		return err
	}
	if err := WriteFile(f.path, doc); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// WriteFile writes a file that may hold secrets: whole or not at all, lasting, of
// mode 0600 whatever stood there before. A symbolic link in its place is refused.
func WriteFile(path string, content []byte) error {
	if err := regular(path); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	if err := fillAndRename(tmp, content, path); err != nil {
		_ = os.Remove(tmp.Name())
		return err
	}
	return syncDir(filepath.Dir(path))
}

func fillAndRename(tmp *os.File, doc []byte, path string) error {
	_, err := tmp.Write(doc)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// syncDir makes the rename last. Not every system can; what cannot be had is not
// an error, since the content itself is synced.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the folder of the user's own file
	if err != nil {
		return nil
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}

// Close releases the lock. The lock file stays: removing it would let two hold it.
func (f *File) Close() error { return f.lock.Unlock() }
