-- Reading a log. Entries are given as they stand there, and taken apart by who asked: two
-- lists, the numbers in digits and the entry of each, ascending.

-- How many entries are read at once.
local ENTRIES_AT_ONCE = 1000

-- The entries of some numbers; false where there is none.
local function entries_of(log, names)
  if #names == 0 then return {} end
  if #names <= ENTRIES_AT_ONCE then return redis.call('HMGET', log, unpack(names)) end
  local entries = {}
  for at = 1, #names, ENTRIES_AT_ONCE do
    local some = redis.call('HMGET', log, unpack(names, at, math.min(#names, at + ENTRIES_AT_ONCE - 1)))
    for _, entry in ipairs(some) do entries[#entries + 1] = entry end
  end
  return entries
end

-- Whether an entry can be seen.
local function is_seen(room, entry, now)
  if not entry or string.byte(entry) == 45 then return false end -- a `-`
  local expires = room.expiring and expiry_of(entry)
  return not (expires and expires <= now)
end

-- Gives the edits among some entries the texts that their messages have now; those of messages
-- that are not to be seen any more have none.
local function give_texts(log, room, floor, entries, now)
  local edits, targets = {}, {}
  for i, entry in ipairs(entries) do
    local target = target_of_edit(entry)
    if target and tonumber(target) > floor then edits[#edits + 1], targets[#targets + 1] = i, target end
  end
  for i, message in ipairs(entries_of(log, targets)) do
    local _, fields = parts_of_message(is_seen(room, message, now) and message or '')
    local first, last = text_in(fields or '')
    if first then entries[edits[i]] = entries[edits[i]] .. ',"text":' .. string.sub(fields, first, last) end
  end
end

-- The events with lowest <= seq <= highest, every one and without a hole, as they are now; none
-- where the first is not there any more.
local function every_event(log, room, floor, lowest, highest, now)
  local names = numbers(lowest, highest)
  local entries = entries_of(log, names)
  for i = 1, #names do
    if not is_seen(room, entries[i], now) then
      for j = #names, i, -1 do names[j], entries[j] = nil, nil end
      break
    end
  end
  give_texts(log, room, floor, entries, now)
  return names, entries
end

-- Those of some messages that can be seen.
local function seen_of(room, names, entries, now)
  local seen_names, seen = {}, {}
  for i, name in ipairs(names) do
    if is_seen(room, entries[i], now) then
      seen_names[#seen_names + 1] = name
      seen[#seen + 1] = entries[i]
    end
  end
  return seen_names, seen
end

-- At most `want` messages with lowest <= seq <= highest: the last ones or, with `up`, the first.
local function some_messages(log, hidden, room, lowest, highest, want, up, now)
  local names, entries = {}, {}
  while true do
    local seqs = visible(hidden, room, lowest, highest, want - #names, up)
    local more_names = {}
    for i, seq in ipairs(seqs) do more_names[i] = digits(seq) end
    local more = entries_of(log, more_names)
    if not room.expiring then return more_names, more end
    local whole = #seqs < want - #names
    local last = up and seqs[#seqs] or seqs[1]
    more_names, more = seen_of(room, more_names, more, now)
    if up then
      for i, name in ipairs(more_names) do
        names[#names + 1] = name
        entries[#entries + 1] = more[i]
      end
    else
      -- What is before a message that has expired has expired as well.
      return more_names, more
    end
    if whole or #names >= want then return names, entries end
    lowest = last + 1
  end
end

-- Puts events at the end of an answer: the number of each in one string, and a list of the entries.
local function answer_with(answer, names, entries)
  answer[#answer + 1] = table.concat(names, ' ')
  answer[#answer + 1] = entries
  return answer
end
