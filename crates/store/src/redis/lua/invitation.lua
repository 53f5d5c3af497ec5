-- Invitations to a room.
--   invites  a hash: code → `until uses by` (until when; how many may still come in by it, `-` for
--            as many as want to; who made it). Redis lets go of it with the last of them
--   code     a string: the room. Redis lets go of it as well; that it is there says nothing

local SPENT_MS = 600000 -- so long who came in by the last use may ask again

-- An invitation of the hash; nil where there is none or its time is over.
local function read_invitation(held, now)
  if not held then return nil end
  local until_digits, uses, by = string.match(held, '^(%d+) (%S+) (.*)$')
  if not by or tonumber(until_digits) <= now then return nil end
  return { until_digits = until_digits, uses = tonumber(uses), by = by }
end

-- What one must be at least to invite somebody.
local function least_to_invite(room)
  local _, letters = kind_of(room)
  return string.find(letters, 'i', 1, true) and ADMIN or MEMBER
end

-- Why somebody may not come in by a code; nil where they may, or are a member.
local function denied_to_spend(room, keys, user, code, now)
  if rank_of(keys.members, user) > 0 then return nil end
  local held = read_invitation(redis.call('HGET', keys.invites, code), now)
  if not held or rank_of(keys.members, held.by) < least_to_invite(room) then return 'no_invite' end
  if is_restrained(keys.rules, 'ban', user, now) then return 'banned' end
end

-- Why somebody may not take an invitation back; nil where they may.
local function denied_to_revoke(keys, user, rank, code, now)
  local held = read_invitation(redis.call('HGET', keys.invites, code), now)
  if not held then return 'no_invite' end
  if held.by ~= user and rank < ADMIN then return 'role' end
end

-- The codes of a room's invitations whose time is over, and how many are not.
local function over_invitations(keys, now)
  local over, good = {}, 0
  local all = redis.call('HGETALL', keys.invites)
  for i = 1, #all, 2 do
    if read_invitation(all[i + 1], now) then good = good + 1 else over[#over + 1] = all[i] end
  end
  return over, good
end

-- Whether a room may have no more of them. They are counted one by one only where it may be so.
local function has_many_invitations(keys, most, now)
  if most == 0 or redis.call('HLEN', keys.invites) < most then return false end
  local _, good = over_invitations(keys, now)
  return good >= most
end

local function offer(keys, id, by, code, expires_ms, uses, most, now)
  if most > 0 and redis.call('HLEN', keys.invites) >= most then
    for _, other in ipairs((over_invitations(keys, now))) do redis.call('HDEL', keys.invites, other) end
  end
  local until_digits = digits(now + expires_ms)
  redis.call('HSET', keys.invites, code, until_digits .. ' ' .. uses .. ' ' .. by)
  if redis.call('HLEN', keys.invites) == 1 then
    redis.call('PEXPIREAT', keys.invites, until_digits)
  else
    redis.call('PEXPIREAT', keys.invites, until_digits, 'GT')
  end
  redis.call('SET', keys.code, id, 'PXAT', until_digits)
  return true
end

-- Counts a use; whether somebody comes in by it.
local function spend(keys, user, code, now)
  if rank_of(keys.members, user) > 0 then return false end
  local held = read_invitation(redis.call('HGET', keys.invites, code), now)
  if held.uses and held.uses <= 1 then
    redis.call('HDEL', keys.invites, code)
    redis.call('PEXPIRE', keys.code, SPENT_MS, 'LT')
  elseif held.uses then
    redis.call('HSET', keys.invites, code, held.until_digits .. ' ' .. digits(held.uses - 1) .. ' ' .. held.by)
  end
  return true
end
