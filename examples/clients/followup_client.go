// A CRM that feeds followupd and makes its calls, with nothing but Go's own library. followup-clients(7) explains it.
//
//	FEEDER_TOKEN=... AGENT_TOKEN=... go run followup_client.go ADDRESS < rows
//
// ADDRESS is the unix socket or HOST:PORT. Each row is a command and its document: CLIENT.PUT {"client_ref":"C1","name":"..."}
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	batch     = 100             // rows on their way at once
	patience  = 2 * time.Minute // for which BUSY, STORE and a lost connection are borne
	pauseFrom = 50 * time.Millisecond
	pauseMost = 2 * time.Second
)

// Refused is an error answer; its first word is what programs go by.
type Refused string

func (r Refused) Error() string { return string(r) }
func (r Refused) Word() string  { word, _, _ := strings.Cut(string(r), " "); return word }
func (r Refused) Later() bool   { return r.Word() == "BUSY" || r.Word() == "STORE" }

// Desk is one identity's connection, made anew when it breaks. Only what may be sent twice is sent through it.
type Desk struct {
	address, name, token string
	connection           net.Conn
	in                   *bufio.Reader
	out                  *bufio.Writer
}

func (d *Desk) connect() error {
	network := "tcp"
	if strings.Contains(d.address, "/") || !strings.Contains(d.address, ":") {
		network = "unix"
	}
	connection, err := net.Dial(network, d.address)
	if err != nil {
		return err
	}
	d.connection, d.in, d.out = connection, bufio.NewReader(connection), bufio.NewWriter(connection)
	d.send([]string{"AUTH", d.name, d.token})
	if err := d.out.Flush(); err != nil {
		d.close()
		return err
	}
	answer, err := d.read()
	if refused, is := answer.(Refused); is {
		err = refused
	}
	if err != nil {
		d.close()
	}
	return err
}

func (d *Desk) close() {
	if d.connection != nil {
		d.connection.Close()
	}
	d.connection = nil
}

// A failure to write shows when the buffer is flushed.
func (d *Desk) send(words []string) {
	fmt.Fprintf(d.out, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(d.out, "$%d\r\n%s\r\n", len(word), word)
	}
}

// read takes one answer: a string, an int, a list, nil, or a Refused as the value.
func (d *Desk) read() (any, error) {
	line, err := d.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(line, "\r\n") || len(line) < 3 {
		return nil, errors.New("no answer of the protocol")
	}
	kind, rest := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return Refused(rest), nil
	}
	number, err := strconv.Atoi(rest)
	if err != nil {
		return nil, err
	}
	switch {
	case kind == ':':
		return number, nil
	case number < 0:
		return nil, nil
	case kind == '$':
		data := make([]byte, number+2)
		_, err := io.ReadFull(d.in, data)
		return string(data[:number]), err
	}
	list := make([]any, number)
	for i := range list {
		if list[i], err = d.read(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// askAll sends commands at once and hands each answer to take, in order. From the first BUSY or STORE on they are sent again, all of them, so that two rows of one client
// keep their order; so they are from the first unanswered one when the connection breaks.
func (d *Desk) askAll(commands [][]string, take func(words []string, answer any) error) error {
	done, pause, until := 0, pauseFrom, time.Now().Add(patience)
	for done < len(commands) {
		err := error(Refused("BUSY the daemon was busy for too long"))
		if d.connection == nil {
			if failed := d.connect(); failed != nil {
				err = failed
				if refused, is := failed.(Refused); is && !refused.Later() {
					return refused
				}
			}
		}
		if d.connection != nil {
			for _, words := range commands[done:] {
				d.send(words)
			}
			failed, later := d.out.Flush(), false
			for range commands[done:] {
				var answer any
				if failed == nil {
					answer, failed = d.read()
				}
				if failed != nil {
					err = failed
					d.close()
					break
				}
				refused, is := answer.(Refused)
				if later = later || (is && refused.Later()); later {
					continue
				}
				if wrong := take(commands[done], answer); wrong != nil {
					return wrong
				}
				done, pause, until = done+1, pauseFrom, time.Now().Add(patience)
			}
		}
		if done < len(commands) {
			if time.Now().After(until) {
				return err
			}
			time.Sleep(pause)
			if pause *= 2; pause > pauseMost {
				pause = pauseMost
			}
		}
	}
	return nil
}

// ask gives the answer of one command; an error answer is the error.
func (d *Desk) ask(words ...string) (answer any, err error) {
	err = d.askAll([][]string{words}, func(_ []string, found any) error {
		if refused, is := found.(Refused); is {
			return refused
		}
		answer = found
		return nil
	})
	return answer, err
}

func feed(desk *Desk, rows [][]string) error {
	taken, refusals := 0, 0
	for len(rows) > 0 {
		size := batch
		if size > len(rows) {
			size = len(rows)
		}
		err := desk.askAll(rows[:size], func(words []string, answer any) error {
			refused, is := answer.(Refused)
			if !is {
				taken++ // 1: something is new, 0: it was known; both are well
				return nil
			}
			if refused.Word() == "NOAUTH" || refused.Word() == "NOPERM" {
				return refused
			}
			refusals++
			fmt.Printf("refused: %s: %s\n", words[1], refused)
			return nil
		})
		if err != nil {
			return err
		}
		rows = rows[size:]
	}
	fmt.Printf("fed: %d taken, %d refused\n", taken, refusals)
	return nil
}

func word(err error) string {
	var refused Refused
	if errors.As(err, &refused) {
		return refused.Word()
	}
	return ""
}

func work(desk *Desk) error {
	for {
		answer, err := desk.ask("NEXT") // NEXT WAIT 30 waits for a call
		if word(err) == "CLOSED" {
			fmt.Printf("closed: %s\n", err)
			return nil
		}
		if err != nil {
			return err
		}
		if answer == nil {
			fmt.Println("nothing waits")
			return nil
		}
		var call struct {
			Call   int
			Lease  string
			Agenda []struct {
				ClientRef string `json:"client_ref"`
				Rule      string
			}
		}
		if err := json.Unmarshal([]byte(answer.(string)), &call); err != nil {
			return err
		}
		fmt.Printf("call %d: %s %s\n", call.Call, call.Agenda[0].ClientRef, call.Agenda[0].Rule)
		// ... here somebody talks; TOUCH keeps the lease meanwhile ...
		outcome, err := json.Marshal(map[string]string{"note": "welcomed"}) // the same bytes when it is sent again
		if err != nil {
			return err
		}
		answer, err = desk.ask("DONE", call.Lease, "reached", string(outcome))
		if word(err) == "NOLEASE" {
			fmt.Printf("lost %d: %s\n", call.Call, err) // another has it now: go on
			continue
		}
		if err != nil {
			return err
		}
		var done struct {
			Call   int
			Closed []int
		}
		if err := json.Unmarshal([]byte(answer.(string)), &done); err != nil {
			return err
		}
		fmt.Printf("done %d: closed %d\n", done.Call, len(done.Closed))
	}
}

func setting(name, standard string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return standard
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: followup_client ADDRESS < rows")
	}
	var rows [][]string
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if command, document, found := strings.Cut(lines.Text(), " "); found {
			rows = append(rows, []string{command, document})
		}
	}
	if lines.Err() != nil {
		return lines.Err()
	}
	if err := feed(&Desk{address: os.Args[1], name: setting("FEEDER", "crm-feed"), token: os.Getenv("FEEDER_TOKEN")}, rows); err != nil {
		return err
	}
	return work(&Desk{address: os.Args[1], name: setting("AGENT", "crm-agent"), token: os.Getenv("AGENT_TOKEN")})
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "followup_client: %s\n", err)
		os.Exit(1)
	}
}
