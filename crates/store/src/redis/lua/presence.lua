-- Who is in a room. A user stands in the hash `online` with the lives of nodes that
-- have them, and once more in the set of each of those lives, so that a dead
-- node's users are found without a scan. A value is `life life …\n{"id":…,"name":…}`.

-- The time of presence, in microseconds: that of the clock, but it goes on where the
-- clock is set back. Each transition has one of its own.
local function read_time(key)
  local time = redis.call('TIME')
  return { key = key, at = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', key) or nil) or 0) }
end

local function as_digits(at) return string.format('%.0f', at) end

local function split(value)
  return string.match(value, '^([^\n]*)\n(.*)$')
end

-- A list of lives without one of them, and whether it was there.
local function without(lives, life)
  local others, found = {}, false
  for word in string.gmatch(lives, '%S+') do
    if word == life then found = true else others[#others + 1] = word end
  end
  return table.concat(others, ' '), found
end

-- A node has a user. Gives the user's JSON where the others are to hear of it, because they
-- were not online before (then also 1) or had another name (0).
local function enter(online, of_life, life, user, json)
  redis.call('SADD', of_life, user)
  local value = redis.call('HGET', online, user)
  if not value then
    redis.call('HSET', online, user, life .. '\n' .. json)
    return json, 1
  end
  local lives, before = split(value)
  local others = without(lives, life)
  lives = others == '' and life or others .. ' ' .. life
  redis.call('HSET', online, user, lives .. '\n' .. json)
  if json ~= before then return json, 0 end
end

-- A node no longer has a user. Gives the user's JSON where they were online and are no more.
local function leave(online, of_life, life, user)
  redis.call('SREM', of_life, user)
  local value = redis.call('HGET', online, user)
  if not value then return end
  local lives, json = split(value)
  local others, found = without(lives, life)
  if not found then return end
  if others ~= '' then
    redis.call('HSET', online, user, others .. '\n' .. json)
    return
  end
  redis.call('HDEL', online, user)
  return json
end

-- Writes the envelopes of one room's transitions. In a room with more than
-- `most` people only their number is told, of several in a row the last. Gives a function that takes the user's
-- JSON, their status, and the change of the number, and gives the number.
local function teller(lines, room, count, time, most)
  local numbers_only = false
  local head = '{"server_id":"store","type":"presence","room":"' .. room .. '","data":{"type":"presence","room":"' .. room .. '",'
  return function(json, status, change)
    count = count + change
    -- Another name is nothing where names are not told.
    if count > most and change == 0 then return count end
    time.at = time.at + 1
    local who = count > most and '' or '"user":' .. json .. ',"status":"' .. status .. '",'
    if not (numbers_only and who == '') then lines[#lines + 1] = '' end
    numbers_only = who == ''
    lines[#lines] = head .. who .. '"online_count":' .. count .. ',"at":' .. as_digits(time.at) .. '}}\n'
    return count
  end
end

-- Notes the time of what was told.
local function note_time(time) redis.call('SET', time.key, as_digits(time.at)) end

-- Publishes what was told.
local function publish(channel, lines)
  if #lines > 0 then redis.call('PUBLISH', channel, table.concat(lines)) end
end
