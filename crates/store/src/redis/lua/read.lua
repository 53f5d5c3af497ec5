-- What all readers of a log share. An event is in sight where it is one of the
-- latest `max_events` and does not expire; the log may hold more than that.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Epoch and last number of a room, and what it shares with epochs before (see room.lua);
-- nil where there is no such room.
local function head_of(key)
  local head = redis.call('GET', key)
  if not head then return nil end
  local epoch, forks, seq = string.match(head, '^(%w+)(%S*) (%d+) ')
  return epoch, tonumber(seq), forks
end

-- Whether a log has what stood up to a number in that of another epoch, or in itself.
local function shares(epoch, head, forks, other, seq)
  if other == epoch then return seq <= head end
  for parent, shared in string.gmatch(forks, ',(%w+):(%d+)') do
    if parent == other then return seq <= tonumber(shared) end
  end
  return false
end

-- The number up to which events are out of sight.
local function hidden_up_to(head, max_events)
  if max_events == 0 then return 0 end
  return math.max(0, head - max_events)
end

-- The id of the first entry of a number, and as the end of a range that of the last.
local function id_of(seq) return string.format('%d', seq) end

-- An entry as a reader sees it: nil where it has expired.
local function seen(entry, now)
  local fields = entry[2]
  local expires = fields[4]
  if expires and tonumber(expires) <= now then return nil end
  return { seq = tonumber(string.match(entry[1], '^%d+')), id = entry[1], kind = fields[1], fields = fields[2], expires = expires }
end

-- The first events with lowest <= seq <= highest, every one and without a
-- hole; none where the first is not there any more.
local function every_event(log, lowest, highest, now)
  local events = {}
  if lowest > highest then return events end
  for _, entry in ipairs(redis.call('XRANGE', log, id_of(lowest), id_of(highest))) do
    local event = seen(entry, now)
    if not event or event.seq ~= lowest + #events then break end
    events[#events + 1] = event
  end
  return events
end

-- At most `want` messages with lowest <= seq <= highest, going down from the
-- highest or, with `up`, up from the lowest.
local function some_messages(log, lowest, highest, want, up, now)
  local found, chunk = {}, math.max(want, 32)
  while #found < want and lowest <= highest do
    local entries
    if up then
      entries = redis.call('XRANGE', log, id_of(lowest), id_of(highest), 'COUNT', chunk)
    else
      entries = redis.call('XREVRANGE', log, id_of(highest), id_of(lowest), 'COUNT', chunk)
    end
    if #entries == 0 then break end
    for _, entry in ipairs(entries) do
      local event = seen(entry, now)
      if event and event.kind == 'm' and #found < want then found[#found + 1] = event end
    end
    local last = tonumber(string.match(entries[#entries][1], '^%d+'))
    if up then lowest = last + 1 else highest = last - 1 end
  end
  return found
end

local function reversed(events)
  local other = {}
  for i = #events, 1, -1 do other[#other + 1] = events[i] end
  return other
end

-- Puts events at the end of an answer: one string with `seq-ts:kind:expires` of each
-- (nothing after the last colon where it does not expire), then the JSON fields of each.
local function answer_with(answer, events)
  local places = {}
  for i, event in ipairs(events) do
    places[i] = event.id .. ':' .. event.kind .. ':' .. (event.expires or '')
  end
  answer[#answer + 1] = table.concat(places, ' ')
  for _, event in ipairs(events) do answer[#answer + 1] = event.fields end
  return answer
end
