#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# umm-watch: what is refused, where it is said to be, and what becomes of the rest.

load helper

HEADER=event,time,id,symbol,side,entry,take_profit,stop_loss,price

# bad PLACE_AND_TEXT LINE: the line after a header and a good event.
bad() {
    printf '%s\n' $HEADER open,5,good,A,1,2,,, "$2" >bad.csv
    refuses 1 "umm-watch: bad.csv:$1" umm-watch --clock=input bad.csv
}

@test "each kind of bad event is told with its line and column" {
    bad '3:1: event is not open, price or close: "sell"' sell,5,p,A,1,2,,,
    bad '3:1: event is missing' ,5,p,A,1,2,,,
    bad '3:1: time is missing' open,,p,A,1,2,,,
    bad '3:6: time is finer than a millisecond: "5.5"' open,5.5,p,A,1,2,,,
    bad '3:6: time counts seconds, it seems, and must count milliseconds: "1577836800.5"' open,1577836800.5,p,A,1,2,,,
    bad '3:6: time counts seconds, it seems, and must count milliseconds: "4102444799"' open,4102444799,p,A,1,2,,,
    bad '3:6: time is out of range for milliseconds since 1970: "1577836800000000"' open,1577836800000000,p,A,1,2,,,
    bad '3:6: time is not a time: "soon"' open,soon,p,A,1,2,,,
    bad '3:6: time is no date or time of day that exists: "2024-02-30"' open,2024-02-30,p,A,1,2,,,
    bad '3:6: time is before that of an event before it: "4"' open,4,p,A,1,2,,,
    bad '3:1: id is missing' open,5,,A,1,2,,,
    bad '3:1: symbol is missing' open,5,p,,1,2,,,
    bad '3:12: side is not long, short, 1 or -1: "0"' open,5,p,A,0,2,,,
    bad '3:14: entry is not a number: "1e"' open,5,p,A,1,1e,,,
    bad '3:14: entry is out of range: "1e999"' open,5,p,A,1,1e999,,,
    bad '3:16: take_profit is not a number: "nan"' open,5,p,A,1,2,nan,,
    bad '3:16: take_profit is 0: leave it empty if there is none: "0.00"' open,5,p,A,1,2,0.00,,
    bad '3:17: stop_loss is 0: leave it empty if there is none: "-0"' open,5,p,A,1,2,,-0,
    bad '3:18: price is not for an open: a price event says it: "3"' open,5,p,A,1,2,,,3
    for cell in 'entry 13 price,5,,A,,2,,,3' 'take_profit 14 price,5,,A,,,2,,3' 'stop_loss 15 price,5,,A,,,,2,3'; do
        read -r name column line <<<"$cell"
        bad "3:$column: $name is not for a price: another open of the position says it: \"2\"" "$line"
    done
    bad '3:1: price is missing' price,5,,A,,,,,
    bad '3:1: 3 fields; the header has 9' open,5,p
    bad '3:8: not a record: a quote has no end: "\"p,A,1,2,,,"' 'open,5,"p,A,1,2,,,'
    bad '3:1: the line has a carriage return in it' $'open,5,p\r,A'
    printf '%s\nopen,5,p,A,1,2,,,' $HEADER >bad.csv
    refuses 1 'umm-watch: bad.csv:2:1: the last line has no end: it may be cut' umm-watch --clock=input bad.csv
    { echo $HEADER && head -c 300000 /dev/zero | tr '\0' x && echo; } >bad.csv
    refuses 1 'umm-watch: bad.csv:2:1: the line is too long' umm-watch --clock=input bad.csv
}

@test "what feeds repeat of a position in its prices and its close is passed over" {
    printf '%s\n' $HEADER open,1,p,A,long,2,4,1, price,2,,A,,,,,1.25 close,3,p,,,,,, >bare.csv
    printf '%s\n' $HEADER open,1,p,A,long,2,4,1, price,2,t-17,A,buy,,,,1.25 close,3,p,B,sell,x,4,1,3.5 >full.csv
    printf '%s\n' '{"event":"open","time":1,"id":"p","symbol":"A","side":1,"entry":2,"take_profit":4,"stop_loss":1}' \
        '{"event":"price","time":2,"id":17,"symbol":"A","side":"SELL","price":1.25}' \
        '{"event":"close","time":3,"id":"p","symbol":"A","side":1,"entry":2,"price":3.5}' >full.json
    umm-watch --clock=input --state=bare.state bare.csv >bare.looks 2>err
    grep -q , bare.looks
    for full in full.csv full.json; do
        umm-watch --clock=input --state=$full.state $full >$full.looks 2>>err
        cmp bare.looks $full.looks
        cmp bare.state $full.state
    done
    test ! -s err
}

@test "headers and objects that are none" {
    refuses 1 'umm-watch: <stdin>:1:1: not a header with event and other names, and commas between them: "open;5;p;A"' \
        umm-watch <<<'open;5;p;A'
    refuses 1 'umm-watch: <stdin>:1:7: the header has a column that no event has: "stoploss"; did you mean stop_loss?' \
        umm-watch <<<event,stoploss
    refuses 1 'umm-watch: <stdin>:1:10: the header has a column twice: "id"' umm-watch <<<event,id,id
    refuses 1 'umm-watch: <stdin>:1:1: the header has no column event: "id,price"' umm-watch <<<id,price
    refuses 1 'umm-watch: <stdin>:1:1: the header has no column time: "event"' umm-watch --clock=input <<<event
    refuses 1 'umm-watch: <stdin>:1:2: a key in quotes is missing: "a}"' umm-watch <<<'{a}'
    refuses 1 'umm-watch: <stdin>:1:10: not a text, number, true, false or null: "{}}"' umm-watch <<<'{"event":{}}'
    refuses 1 'umm-watch: <stdin>:1:2: a key that no event has: "tp"' umm-watch <<<'{"tp":1}'
    refuses 1 'umm-watch: <stdin>:1:10: a key twice: "id"' umm-watch <<<'{"id":1, "id":2}'
    refuses 1 'umm-watch: <stdin>:1:10: event is not a text or a number: "true"' umm-watch <<<'{"event":true}'
    refuses 1 'umm-watch: <stdin>:1:21: text after the object: "x"' umm-watch <<<'{"event":"close"}   x'
}

@test "skipped events are told, counted, and change nothing else" {
    printf '%s\n' $HEADER open,5,p,A,1,2,,, open,5,q,A,1,x,,, close,1,p,,,,,, open,6,r,A,1,2,,, >bad.csv
    refuses 3 $'umm-watch: bad.csv:3:14: entry is not a number: "x"\numm-watch: bad.csv:4:7: time is before that of an event before it: "1"' \
        umm-watch --clock=input --bad-events=skip --fields=id --report=r.json bad.csv
    [[ $output == $'p\nr' ]] || fail "$output"
    grep -q '"bad_events": 2,' r.json
    # A feed that has gone wrong does not fill the log.
    { echo $HEADER && yes x | head -n 5000; } >bad.csv
    capture umm-watch --clock=input --bad-events=skip --report=r.json bad.csv
    [[ $status == 3 && ${#stderr} -lt 20000 && $stderr == *'more bad events' ]] || fail "$stderr"
    grep -q '"bad_events": 5000,' r.json
}

@test "no room for positions and symbols" {
    printf '%s\n' $HEADER open,1,p,A,1,2,,, open,1,q,A,1,2,,, >full.csv
    refuses 1 'umm-watch: full.csv:3:1: there are 1 open positions already' umm-watch --clock=input --max-positions=1 full.csv
    printf '%s\n' $HEADER open,1,p,A,1,2,,, open,1,q,B,1,2,,, >full.csv
    capture umm-watch --clock=input --max-symbols=1 full.csv
    [[ $status == 1 && $stderr == 'umm-watch: full.csv:3:1: '*symbols* ]] || fail "$stderr"
    # A closed one makes room.
    printf '%s\n' $HEADER open,1,p,A,1,2,,, close,1,p,,,,,, open,1,q,A,1,2,,, >full.csv
    ok umm-watch --clock=input --max-positions=1 --fields=id full.csv
    [[ $output == q ]] || fail "$output"
}

@test "options that make no sense, or not together" {
    local try=$'\nTry \'umm-watch --help\'.'
    for levels in 0.5:1s 0.5:1s,0.7:2s,0:3s 0.5:2s,0:1s 0:0s 2:1s,0:1s 0.5,0:1s 0:1us '0.5:1s,0:2s,'; do
        refuses 2 "umm-watch: --levels takes RISK:TIME,...: risks that fall to 0, times in whole milliseconds that do not fall, not \"$levels\"$try" \
            umm-watch --levels=$levels
    done
    refuses 2 "umm-watch: --fields takes names of time_ms, id, symbol, risk, interval_ms and late_us, each once, not \"id,id\"$try" umm-watch --fields=id,id
    refuses 2 "umm-watch: --listen takes unix:PATH, not \"tcp:1\"$try" umm-watch --listen=tcp:1
    refuses 2 "umm-watch: no COMMAND after --$try" umm-watch in.csv --
    refuses 2 "umm-watch: one FILE at a time$try" umm-watch a b
    refuses 2 "umm-watch: --batch-size is for a COMMAND, and there is none$try" umm-watch --batch-size=3
    refuses 2 "umm-watch: --header is for looks on standard output, not for a COMMAND$try" umm-watch --header -- true
    refuses 2 "umm-watch: --keep is for live looks, and --clock=input is none$try" umm-watch --keep --clock=input
    refuses 2 "umm-watch: --sync is for a state, and there is none: give --state$try" umm-watch --sync
    refuses 2 "umm-watch: --follow is for a FILE, and there is none$try" umm-watch --follow
    refuses 2 "umm-watch: --socket-mode is for a socket, and there is none: give --listen$try" umm-watch --socket-mode=600
    refuses 1 'umm-watch: none.csv: cannot open: No such file or directory' umm-watch none.csv
    refuses 1 'umm-watch: /: cannot read: Is a directory' umm-watch /
}
