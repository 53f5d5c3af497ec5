-- The people of a room, and what is set of it.
--   members  a sorted set: user → RANK × (5 - rank) + since when, in milliseconds; so they stand
--            in the order of their ranks, the highest first, and of when they came
--   rules    a hash: `ban USER` and `mute USER` → `until note` (until: 0 for good); the name of a rule → its value
--   (head)   the kind is followed by a colon and a letter for each thing that is out of the
--            ordinary, so that nobody looks for what is not there: `r` some have another rank than 2,
--            `o` some may only read, `b` some were banned or removed, `m` some were muted, `e` somebody
--            reacted to a message, and those of the rules

local RANK = 4398046511104 -- 2^42: in milliseconds the year 2109
local READONLY, MEMBER, ADMIN, OWNER = 1, 2, 3, 4
local LETTERS = { description = 'd', archived = 'a', who_may_send = 's', who_may_invite = 'i', slow_mode_ms = 'l', pins = 'p' }

-- The kind of a room, its letters, its name.
local function kind_of(room) return string.match(room.tail, '^(%l+):?(%l*) (.*)$') end

local function set_letter(room, letter)
  local kind, letters, name = kind_of(room)
  if not string.find(letters, letter, 1, true) then room.tail = kind .. ':' .. letters .. letter .. ' ' .. name end
end

local function take_letter(room, letter)
  local kind, letters, name = kind_of(room)
  letters = string.gsub(letters, letter, '')
  room.tail = kind .. (letters ~= '' and ':' or '') .. letters .. ' ' .. name
end

local function score_of(rank, since) return digits((5 - rank) * RANK + since) end

-- The rank of somebody; 0 for who is no member. And since when.
local function rank_of(members, user)
  local score = tonumber(redis.call('ZSCORE', members, user) or nil)
  if not score then return 0 end
  return 5 - math.floor(score / RANK), score % RANK
end

-- Whether somebody is banned or muted; one whose time is over is so no more.
local function is_restrained(rules, word, user, now)
  local held = redis.call('HGET', rules, word .. ' ' .. user)
  local until_ms = held and tonumber(string.match(held, '^%d+'))
  return until_ms and (until_ms == 0 or until_ms > now)
end

-- Why somebody may not read here; nil where they may. And their rank.
local function denied_to_read(room, members, rules, user, now)
  local kind, letters = kind_of(room)
  if kind == 'public' then
    if string.find(letters, 'b', 1, true) and is_restrained(rules, 'ban', user, now) then return 'banned' end
    return nil
  end
  if rank_of(members, user) == 0 then return 'hidden' end
end

-- Whether whoever writes to a room has to be looked at.
local function is_guarded(room)
  local kind, letters = kind_of(room)
  return kind ~= 'public' or string.find(letters, '[oabmsl]') ~= nil
end

-- Why somebody may not write here now; nil where they may.
local function denied_to_write(room, keys, user, now)
  local _, letters = kind_of(room)
  local function has(letter) return string.find(letters, letter, 1, true) end
  local rank = rank_of(keys.members, user)
  if rank == 0 then return denied_to_read(room, keys.members, keys.rules, user, now) or 'stranger' end
  if has('a') then return 'archived' end
  if rank == READONLY then return 'readonly' end
  if has('m') and is_restrained(keys.rules, 'mute', user, now) then return 'muted' end
  if rank >= ADMIN then return nil end
  if has('s') then return 'admins' end
  if has('l') then
    local slow = tonumber(redis.call('HGET', keys.rules, 'slow_mode_ms') or nil) or 0
    local wrote = tonumber(redis.call('ZSCORE', keys.wrote, user) or nil)
    if wrote and wrote <= now and wrote + slow > now then return 'slow ' .. digits(wrote + slow - now) end
  end
  return nil
end

-- Notes that somebody wrote, where they have to wait after that.
local function note_written(room, keys, user, now)
  local _, letters = kind_of(room)
  if not string.find(letters, 'l', 1, true) or rank_of(keys.members, user) >= ADMIN then return end
  local slow = tonumber(redis.call('HGET', keys.rules, 'slow_mode_ms') or nil) or 0
  redis.call('ZREMRANGEBYSCORE', keys.wrote, '-inf', digits(now - slow))
  redis.call('ZADD', keys.wrote, digits(now), user)
  redis.call('PEXPIRE', keys.wrote, digits(math.max(slow, 1)))
end
