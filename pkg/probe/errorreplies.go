package probe

import (
	"errors"
	"fmt"
	"strings"
)

// subject is what a command is about, for the sentence that says why it failed.
type subject struct {
	command   string
	key, kind string // the key and the type that it should have
	group     string
	isScript  bool
}

// refusal returns why the server answered with an error, nil if it did not. It knows
// classes of errors and repeats nothing of their text.
// Source: Redis' server.c, script.c, script_lua.c, function.c and t_stream.c.
func refusal(reply any, about subject) error {
	err, ok := reply.(error)
	if !ok {
		return nil
	}
	text := err.Error()
	class, _, _ := strings.Cut(text, " ")
	if about.isScript {
		if err := scriptRefusal(text); err != nil {
			return err
		}
	}
	switch {
	case class == "WRONGTYPE":
		return fmt.Errorf("key %q is of another type: it must be a %s", about.key, about.kind)
	case class == "NOGROUP":
		return noGroup(about.key, about.group)
	case noSuchKey(reply):
		return fmt.Errorf("stream %q does not exist", about.key)
	case class == "NOPERM":
		return fmt.Errorf("the server's ACL does not let this adapter call %s for this", strings.ToUpper(about.command))
	case unknownCommand(text):
		return fmt.Errorf("the server does not know the command %s", strings.ToUpper(about.command))
	case class == "BUSY", class == "LOADING", class == "MASTERDOWN", class == "OOM", class == "MISCONF":
		return fmt.Errorf("the server refuses commands now: %s", class)
	case about.isScript && refusesBeforeRun(text):
		return fmt.Errorf("the script ended with an error, or the server refused to run it: %s", class)
	case class == "MOVED", class == "ASK", class == "CLUSTERDOWN", class == "CROSSSLOT", class == "TRYAGAIN":
		return fmt.Errorf("the server is a node of a cluster that does not hold the key: %s", class)
	case about.isScript:
		return errors.New("the script ended with an error")
	}
	return fmt.Errorf("the server refused to answer %s", strings.ToUpper(about.command))
}

func scriptRefusal(text string) error {
	switch {
	case strings.Contains(text, "Error compiling script"):
		return errors.New("the script does not compile")
	case strings.Contains(text, "Function not found"):
		return errors.New("the server has no function of that name: load it with FUNCTION LOAD")
	case strings.Contains(text, "Can not execute a script with write flag"):
		return errors.New("the function may write: register it with the flag no-writes")
	case strings.Contains(text, "Write commands are not allowed"):
		return errors.New("the script writes, and only reading is allowed")
	case strings.Contains(text, "Unknown Redis command"):
		return errors.New("the script calls a command that the server does not know")
	case strings.Contains(text, "ACL failure in script"), strings.Contains(text, "can't run this command or subcommand"):
		return errors.New("the server's ACL does not let the script call a command")
	case strings.HasPrefix(text, "WRONGTYPE"):
		return errors.New("the script reads a key as the wrong type")
	}
	return nil
}

func unknownCommand(text string) bool {
	return strings.HasPrefix(text, "ERR unknown command") || strings.HasPrefix(text, "ERR unknown subcommand") ||
		strings.HasPrefix(text, "ERR Unknown subcommand")
}

// execution says whether the server counts a command among its calls. A command that it
// rejected before execution is counted elsewhere.
type execution int

const (
	executed execution = iota
	refused
	// doubtful means that the reply may be either.
	doubtful
)

// execution returns what a reply says about a command. Source: rejectCommand and
// processCommand in Redis' server.c.
func (c Command) execution(reply any) execution {
	err, isError := reply.(error)
	if !isError {
		return executed
	}
	text := err.Error()
	if c.runsScript() {
		return c.executionOfScript(text)
	}
	if unknownCommand(text) || strings.HasPrefix(text, "ERR wrong number of arguments") || refusesBeforeRun(text) {
		return refused
	}
	return executed
}

// executionOfScript allows for scripts that end with an error of any text, which may
// begin like a rejection by the server. Only a text about the call itself shows that
// the script did not run. An error that a call within the script raised ends with the
// position of that call.
// Source: luaError and scriptCall in Redis' script_lua.c and script.c, and
// getAclErrorMessage in acl.c.
func (c Command) executionOfScript(text string) execution {
	name := strings.ToLower(c[0])
	ofCall := strings.Contains(strings.ToLower(text), "'"+name+"'") || strings.Contains(strings.ToLower(text), "`"+name+"`")
	switch {
	case strings.Contains(text, " script: "):
		return executed
	case ofCall && (unknownCommand(text) || strings.HasPrefix(text, "ERR wrong number of arguments")),
		strings.HasPrefix(text, "NOPERM User "), strings.HasPrefix(text, "NOPERM this user "),
		strings.HasPrefix(text, "CROSSSLOT Keys in request"):
		return refused
	case strings.HasPrefix(text, "NOPERM ACL failure in script"):
		return executed
	case refusesBeforeRun(text):
		return doubtful
	}
	return executed
}

// refusesBeforeRun reports whether an error belongs to a class with which the server
// rejects a command before execution.
func refusesBeforeRun(text string) bool {
	class, _, _ := strings.Cut(text, " ")
	switch class {
	case "NOPERM", "NOAUTH", "LOADING", "BUSY", "MASTERDOWN", "OOM", "MISCONF", "READONLY", "NOREPLICAS",
		"MOVED", "ASK", "CLUSTERDOWN", "CROSSSLOT", "TRYAGAIN":
		return true
	}
	return false
}
