// Adds up what each account has ordered, from the topic `orders`, with franz-go: go run . STATE_FILE
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

var signs = map[string]int64{"ordercast.order.placed.v1": 1, "ordercast.order.cancelled.v1": -1}

type state struct {
	Positions  map[int32]int64  `json:"positions"`
	Streams    map[string]int64 `json:"streams"`
	Quantities map[int64]int64  `json:"quantities"`
	Gaps       []string         `json:"gaps"`
}

// Counts a record once: repeats are known by their number, and a missing number by the next one.
func (s *state) apply(record *kgo.Record) {
	s.Positions[record.Partition] = record.Offset + 1
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	stream := fmt.Sprintf("%d %s", record.Partition, headers["ce_producer"])
	number, err := strconv.ParseInt(headers["ce_sequence"], 10, 64)
	check(err)
	last := s.Streams[stream]
	if number <= last || strings.HasPrefix(headers["ce_producer"], "replay:") {
		return // a replay is of a record that Ordercast's own worker refused, and that was read here
	}
	s.Streams[stream] = number
	if number > last+1 && headers["ce_numbering"] == "dense" {
		s.Gaps = append(s.Gaps, fmt.Sprintf("%s: %d to %d", stream, last+1, number-1))
		fmt.Fprintln(os.Stderr, "gap", s.Gaps[len(s.Gaps)-1])
	}
	sign, known := signs[headers["ce_type"]]
	if !known { // types that it does not know are passed over
		return
	}
	var event struct {
		AccountID int64                      `json:"account_id"`
		Items     []struct{ Quantity int64 } `json:"items"`
	}
	check(json.Unmarshal(record.Value, &event))
	for _, item := range event.Items {
		s.Quantities[event.AccountID] += sign * item.Quantity
	}
}

// Position and result in one step: after a kill either both are there or neither.
func (s *state) save(path string) {
	file, err := os.Create(path + ".new")
	check(err)
	check(json.NewEncoder(file).Encode(s))
	check(file.Sync())
	check(file.Close())
	check(os.Rename(path+".new", path))
}

func main() {
	path := os.Args[1]
	kept := &state{map[int32]int64{}, map[string]int64{}, map[int64]int64{}, []string{}}
	if text, err := os.ReadFile(path); err == nil {
		check(json.Unmarshal(text, kept))
	}
	login := scram.Auth{User: os.Getenv("ORDERCAST_KAFKA_USERNAME"), Pass: os.Getenv("ORDERCAST_KAFKA_PASSWORD")}
	brokers := strings.Split(os.Getenv("ORDERCAST_KAFKA_BOOTSTRAP"), ",")
	// A position that the log does not have is an error: by default it would go on elsewhere.
	refusing := kgo.ConsumeResetOffset(kgo.NoResetOffset())
	options := []kgo.Opt{kgo.SeedBrokers(brokers...), kgo.SASL(login.AsSha512Mechanism()), refusing}
	if os.Getenv("ORDERCAST_KAFKA_SECURITY_PROTOCOL") != "SASL_PLAINTEXT" {
		trusted := &tls.Config{}
		if authority, err := os.ReadFile(os.Getenv("ORDERCAST_KAFKA_CA")); err == nil {
			trusted.RootCAs = x509.NewCertPool()
			trusted.RootCAs.AppendCertsFromPEM(authority)
		}
		options = append(options, kgo.DialTLSConfig(trusted))
	}
	client, err := kgo.NewClient(options...)
	check(err)
	topics, err := kadm.NewClient(client).ListTopics(context.Background(), "orders")
	check(err)
	from := map[int32]kgo.Offset{}
	for _, partition := range topics["orders"].Partitions.Numbers() {
		from[partition] = kgo.NewOffset().At(kept.Positions[partition])
	}
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{"orders": from})
	for {
		fetched := client.PollFetches(context.Background())
		check(fetched.Err())
		fetched.EachRecord(kept.apply)
		kept.save(path)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
