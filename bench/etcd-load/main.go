// Load for etcd, as `kv bench` makes it for us: so many connections, so many requests in flight on each,
// keys `key:` and twelve digits, latencies from send to reply. The last line is one JSON object.
//
// It speaks through etcd's own client, since that is what its users have: gRPC in Go costs what it
// costs, and the client's CPU time is told.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

type plan struct {
	endpoints   []string
	connections int
	pipeline    int
	operations  int64
	keys        int64
	value       string
	isGet       bool
	isFilling   bool
}

type finding struct {
	Ops              int64   `json:"ops"`
	Seconds          float64 `json:"seconds"`
	OpsPerSecond     int64   `json:"opsPerSecond"`
	P50us            int64   `json:"p50us"`
	P99us            int64   `json:"p99us"`
	Errors           int64   `json:"errors"`
	ClientCPUSeconds float64 `json:"clientCpuSeconds"`
}

// One request in flight: asks again and again until all operations are taken.
type asker struct {
	client *clientv3.Client
	random *rand.Rand
	micros []int64
	errors int64
}

func (a *asker) run(p *plan, next *atomic.Int64) {
	for {
		number := next.Add(1) - 1
		if number >= p.operations {
			return
		}
		key := number
		if !p.isFilling {
			key = a.random.Int63n(p.keys)
		}
		began := time.Now()
		if err := a.ask(p, fmt.Sprintf("key:%012d", key)); err != nil {
			if a.errors == 0 {
				fmt.Fprintln(os.Stderr, err)
			}
			a.errors++
			continue
		}
		a.micros = append(a.micros, time.Since(began).Microseconds())
	}
}

func (a *asker) ask(p *plan, key string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var err error
	if p.isGet {
		// Linearizable, which is etcd's default.
		_, err = a.client.Get(ctx, key)
	} else {
		_, err = a.client.Put(ctx, key, p.value)
	}
	return err
}

func load(p *plan) (finding, error) {
	askers := make([]*asker, 0, p.connections*p.pipeline)
	for connection := 0; connection < p.connections; connection++ {
		client, err := clientv3.New(clientv3.Config{Endpoints: p.endpoints, DialTimeout: 10 * time.Second})
		if err != nil {
			return finding{}, err
		}
		defer client.Close()
		// Connected before the clock starts.
		if _, err := client.Get(context.Background(), "key:"); err != nil {
			return finding{}, err
		}
		for at := 0; at < p.pipeline; at++ {
			random := rand.New(rand.NewSource(int64(len(askers))))
			askers = append(askers, &asker{client: client, random: random})
		}
	}
	cpu := cpuSeconds()
	began := time.Now()
	var next atomic.Int64
	var wait sync.WaitGroup
	for _, one := range askers {
		wait.Add(1)
		go func(one *asker) {
			defer wait.Done()
			one.run(p, &next)
		}(one)
	}
	wait.Wait()
	return sum(askers, time.Since(began).Seconds(), cpuSeconds()-cpu), nil
}

func sum(askers []*asker, seconds, cpu float64) finding {
	var micros []int64
	found := finding{Seconds: seconds, ClientCPUSeconds: cpu}
	for _, one := range askers {
		micros = append(micros, one.micros...)
		found.Errors += one.errors
	}
	found.Ops = int64(len(micros))
	if len(micros) == 0 {
		return found
	}
	sort.Slice(micros, func(left, right int) bool { return micros[left] < micros[right] })
	found.OpsPerSecond = int64(float64(len(micros)) / seconds)
	found.P50us = micros[(len(micros)-1)/2]
	found.P99us = micros[(len(micros)-1)*99/100]
	return found
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	of := func(time syscall.Timeval) float64 { return float64(time.Sec) + float64(time.Usec)/1e6 }
	return of(usage.Utime) + of(usage.Stime)
}

func main() {
	endpoints := flag.String("endpoints", "", "HOST:PORT, or several with commas")
	operation := flag.String("op", "put", "put or get, or fill: every key once")
	connections := flag.Int("connections", 8, "connections")
	pipeline := flag.Int("pipeline", 64, "requests in flight on each")
	operations := flag.Int64("ops", 20_000, "requests in all")
	keys := flag.Int64("keys", 100_000, "how many keys there are")
	valueBytes := flag.Int("value-bytes", 100, "size of a value")
	flag.Parse()
	p := &plan{
		endpoints:   strings.Split(*endpoints, ","),
		connections: *connections,
		pipeline:    *pipeline,
		operations:  *operations,
		keys:        *keys,
		value:       strings.Repeat("v", *valueBytes),
		isGet:       *operation == "get",
		isFilling:   *operation == "fill",
	}
	if p.isFilling {
		p.operations = p.keys
	}
	found, err := load(p)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(found)
}
