-- What stands behind the fields of a message that never change: its reactions, and whether it
-- is pinned. What else a client puts into a message ends with a brace of its own, or a quote.

local PINNED = ',"pinned":true'

-- The fields before that, the reactions (a JSON list; nil where there are none), whether it is pinned.
local function tail_of(fields)
  local pinned = string.sub(fields, -#PINNED) == PINNED
  if pinned then fields = string.sub(fields, 1, -#PINNED - 1) end
  local before, reactions = string.match(fields, '^(.*),"reactions":(%[[^%]]*%])$')
  return before or fields, reactions, pinned
end

-- The fields with these behind them.
local function with_tail(before, reactions, pinned)
  return before .. (reactions and ',"reactions":' .. reactions or '') .. (pinned and PINNED or '')
end

-- A message that can be seen: what stands before its fields in its entry, and these; nil where there is none.
local function message_at(keys, room, most, seq, now)
  if not seq or seq > room.seq or seq <= floor_of(keys.hidden, room, most) then return nil end
  local entry = redis.call('HGET', keys.log, digits(seq)) or ''
  local expires = expiry_of(entry)
  if expires and expires <= now then return nil end
  return parts_of_message(entry)
end
