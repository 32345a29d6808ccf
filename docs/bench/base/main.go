// Command base is a bare program with the libraries that vnv stands on, each
// used for one thing, so that the linker keeps what such a use needs. vnv's
// size and start-up are measured against it.
package main

import (
	"io"
	"net/http"
	"os"
	"time"

	"github.com/fatih/color"
	"github.com/golang-jwt/jwt/v5"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"
)

func main() {
	root := &cobra.Command{
		Use:     "base",
		Short:   "Ask a URL with a token",
		Version: "0",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return ask(cmd) },
	}
	root.Flags().String("url", "", "what to ask")
	root.Flags().String("key", "", "the file of the private key")
	if root.Execute() != nil {
		os.Exit(1)
	}
}

func ask(cmd *cobra.Command) error {
	settings := viper.New()
	settings.SetConfigType("yaml")
	if err := settings.BindPFlags(cmd.Flags()); err != nil {
		return err
	}
	token, err := sign(settings.GetString("key"))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, settings.GetString("url"), http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	color.New(color.FgGreen).Fprintln(cmd.ErrOrStderr(), res.Status)
	_, err = io.Copy(cmd.OutOrStdout(), res.Body)
	return err
}

func sign(path string) (string, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(pem)
	if err != nil {
		return "", err
	}
	return jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"application_id": "base"}).SignedString(key)
}
