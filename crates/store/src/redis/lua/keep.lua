-- Making rooms, and writing their heads beside an append.

-- A room that is not there yet: its numbers go on after whatever is known.
local function new_room(known_seq, term, word)
  local seq = known_seq or 0
  return { new = true, fresh = true, epoch = term .. word, forks = '', seq = seq, seq_digits = digits(seq), ts = 0, ts_digits = '0',
    floor = seq, hidden = 0, base = seq, text = seq, first = seq, tail = 'public ' }
end

-- Writes the head of a room that is new or goes on in another epoch, and puts it among the
-- rooms of its partition. Of one without messages that nobody is in it is noted when to look again.
local function keep_room(keys, room, id, now, keep_ms)
  if not room.fresh then return end
  if room.new then redis.call('DEL', keys.log, keys.hidden) end
  hide_gap(keys.hidden, room)
  room.ts, room.ts_digits = now, digits(now)
  redis.call('SET', keys.head, head_of_room(room))
  redis.call('ZADD', keys.rooms, room.ts_digits, id)
  if room.seq == room.floor and keep_ms > 0 and redis.call('EXISTS', keys.online) == 0 then
    redis.call('ZADD', keys.due, 'LT', digits(now + keep_ms), id)
  end
end
