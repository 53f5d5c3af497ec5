-- Holds what a node knows of rooms against their logs. One that is gone is made anew, unless
-- somebody deleted it; one
-- that ends before what is known goes on in another epoch, after it.
--
-- KEYS: the partitions, the heads of the rooms; then of each room its log, its hidden bits, its
--   online hash, the rooms of its partition, what is due there
-- ARGV: a fresh word, how many partitions; then of each room its id, in which of the partitions it
--   lies, how long it is kept when empty (0: for good), known epoch and known seq
-- Gives of each room epoch and seq; two empty strings where it cannot be done.

local word, partitions = ARGV[1], tonumber(ARGV[2])
local rooms = (#KEYS - partitions) / 6
local held = redis.call('MGET', unpack(KEYS, 1, partitions + rooms))
local answer = {}
for k = 1, rooms do
  local id, partition, keep_ms, known_epoch, known_seq = unpack(ARGV, 5 * k - 2, 5 * k + 2)
  local at = partitions + rooms + 5 * (k - 1)
  local log, hidden, online, index, due = unpack(KEYS, at + 1, at + 5)
  local keys = { head = KEYS[partitions + k], log = log, hidden = hidden, online = online, rooms = index, due = due }
  local term = word_of(held[tonumber(partition)])
  local room, failure, deleted = find_room(held[partitions + k], known_epoch, tonumber(known_seq), term, word)
  if not room and not failure and not deleted then room = new_room(tonumber(known_seq), term, word) end
  if room then keep_room(keys, room, id, math.max(clock_ms(), room.ts), tonumber(keep_ms)) end
  answer[2 * k - 1] = room and room.epoch or ''
  answer[2 * k] = room and room.seq_digits or ''
end
return answer
