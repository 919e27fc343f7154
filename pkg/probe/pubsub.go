package probe

// PubSub measures how many clients subscribe to a channel.
func PubSub(channel string) *Probe {
	command := Command{"pubsub", "numsub", channel}
	return &Probe{Kind: Gauge, Commands: []Command{command}, read: func(a Answer) (Result, error) {
		if err := refusal(a.Replies[0], subject{command: "pubsub numsub"}); err != nil {
			return Result{}, err
		}
		pair, ok := a.Replies[0].([]any)
		if !ok || len(pair) != 2 || pair[0] != channel {
			return Result{}, errShape
		}
		return integer(pair[1])
	}}
}
