-- Comes by in rooms where something may be let go of: what has expired, what is beyond the
-- limit, nonces whose time is over, and rooms without messages in which nobody has been for
-- long enough.
--
-- KEYS: the partition, the rooms of it, what is due in it; then of each room its head, log, hidden
--   bits, online hash, members, rules, who wrote lately, invites, reactors
-- ARGV: max messages (0: no limit), at most how many numbers are looked at in all; then of each
--   room its id and how long it is kept when empty (0: for good)
-- Gives how many rooms were taken away, and how many numbers were looked at.

local age, now = age_of(redis.call('GET', KEYS[1])), clock_ms()
local index, due, most, budget = KEYS[2], KEYS[3], tonumber(ARGV[1]), tonumber(ARGV[2])
local taken_away, looked_at = 0, 0

-- Whether somebody made a room to be theirs: those stay, also without messages.
local function is_somebodys(room)
  local kind, letters = string.match(room.tail, '^(%l+):?(%l*) ')
  return kind ~= 'public' or string.find(letters, 'r', 1, true) ~= nil
end

-- When to come by again; nothing where nothing is to be let go of, as things are.
local function tidy(room, log, hidden, online, reactors, keep_ms)
  local expires = expire(log, hidden, room, now, budget)
  move_floor(hidden, room, floor_of(hidden, room, most))
  local texts, nonces = room.text, room.first
  trim_texts(log, room, age, budget)
  forget_nonces(log, room, age, budget)
  forget_reactions(room, reactors)
  looked_at = looked_at + (room.text - texts) + (room.first - nonces)
  if room.text < room.floor or expires == now then return now end
  if expires then return expires end
  if room.first < room.text then return now + NONCE_MS end
  if room.seq > room.floor or keep_ms == 0 or is_somebodys(room) then return nil end
  if redis.call('EXISTS', online) == 1 then return now + keep_ms end
  return room.ts + keep_ms
end

for k = 4, #KEYS, 9 do
  local head, log, hidden, online, members, rules, wrote, invites, reactors = unpack(KEYS, k, k + 8)
  local id, keep_ms = ARGV[2 * (k - 4) / 9 + 3], tonumber(ARGV[2 * (k - 4) / 9 + 4])
  local held = redis.call('GET', head)
  local room = held and read_head(held)
  if looked_at < budget then
    local next_time = room and tidy(room, log, hidden, online, reactors, keep_ms)
    local is_over = room and next_time and room.seq == room.first and next_time == room.ts + keep_ms and next_time <= now
    if not held or is_over then
      redis.call('UNLINK', head, log, hidden, members, rules, wrote, invites, reactors)
      redis.call('ZREM', index, id)
      redis.call('ZREM', due, id)
      taken_away = taken_away + 1
    elseif room then
      if head_of_room(room) ~= held then redis.call('SET', head, head_of_room(room)) end
      if next_time then
        redis.call('ZADD', due, digits(next_time), id)
      else
        redis.call('ZREM', due, id)
      end
    else
      -- Its head is damaged: nobody comes by again.
      redis.call('ZREM', due, id)
    end
  end
end
return { taken_away, looked_at }
