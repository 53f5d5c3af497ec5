-- Who is in a room. A user stands in the hash `online` with the nodes that
-- have them, and once more in the set of each of those nodes, so that a dead
-- node's users are found without a scan. A value is `node node …\n{"id":…,"name":…}`.

-- The clock of presence, in microseconds.
local function clock_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function split(value)
  return string.match(value, '^([^\n]*)\n(.*)$')
end

-- A list of nodes without one of them, and whether it was there.
local function without(nodes, node)
  local others, found = {}, false
  for word in string.gmatch(nodes, '%S+') do
    if word == node then found = true else others[#others + 1] = word end
  end
  return table.concat(others, ' '), found
end

-- A node has a user. Gives the user's JSON where the others are to hear of it, because they
-- were not online before (then also 1) or had another name (0).
local function enter(online, of_node, node, user, json)
  redis.call('SADD', of_node, user)
  local value = redis.call('HGET', online, user)
  if not value then
    redis.call('HSET', online, user, node .. '\n' .. json)
    return json, 1
  end
  local nodes, before = split(value)
  local others = without(nodes, node)
  nodes = others == '' and node or others .. ' ' .. node
  redis.call('HSET', online, user, nodes .. '\n' .. json)
  if json ~= before then return json, 0 end
end

-- A node no longer has a user. Gives the user's JSON where they were online and are no more.
local function leave(online, of_node, node, user)
  redis.call('SREM', of_node, user)
  local value = redis.call('HGET', online, user)
  if not value then return end
  local nodes, json = split(value)
  local others, found = without(nodes, node)
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
local function teller(lines, room, count, at, most)
  local numbers_only = false
  local head = '{"server_id":"store","type":"presence","room":"' .. room .. '","data":{"type":"presence","room":"' .. room .. '",'
  return function(json, status, change)
    count, at = count + change, at + 1
    -- Another name is nothing where names are not told.
    if count > most and change == 0 then return count end
    local who = count > most and '' or '"user":' .. json .. ',"status":"' .. status .. '",'
    if not (numbers_only and who == '') then lines[#lines + 1] = '' end
    numbers_only = who == ''
    lines[#lines] = head .. who .. '"online_count":' .. count .. ',"at":' .. string.format('%.0f', at) .. '}}\n'
    return count
  end
end

local function publish(channel, lines)
  if #lines > 0 then redis.call('PUBLISH', channel, table.concat(lines)) end
end
