// Says how kstatus, which Flux and others read, and Argo CD's health check see objects of a cluster.
//
// Started with the path of a health.lua. Each line on the standard input is an object in JSON, each line on the standard
// output an object: {"kstatus": "...", "health": {"status": "...", "message": "..."}}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type seen struct {
	Kstatus string `json:"kstatus"`
	Health  health `json:"health"`
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	script, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(lines.Bytes()); err != nil {
			return err
		}
		found, err := status.Compute(object)
		if err != nil {
			return err
		}
		judged, err := argo(string(script), object.Object)
		if err != nil {
			return err
		}
		if err := answers.Encode(seen{found.Status.String(), judged}); err != nil {
			return err
		}
	}
	return lines.Err()
}

// argo runs a health check as Argo CD does by default: without io, os, string and math.
func argo(script string, object map[string]any) (health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", value(state, object))
	if err := state.DoString(script); err != nil {
		return health{}, err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return health{}, fmt.Errorf("health.lua gave a %s, not a table", state.Get(-1).Type())
	}
	return health{lua.LVAsString(table.RawGetString("status")), lua.LVAsString(table.RawGetString("message"))}, nil
}

func value(state *lua.LState, given any) lua.LValue {
	switch given := given.(type) {
	case bool:
		return lua.LBool(given)
	case int64:
		return lua.LNumber(given)
	case float64:
		return lua.LNumber(given)
	case string:
		return lua.LString(given)
	case []any:
		list := state.NewTable()
		for _, each := range given {
			list.Append(value(state, each))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, each := range given {
			table.RawSetString(key, value(state, each))
		}
		return table
	}
	return lua.LNil
}
