-- Changes a room and its people, in one step, if whoever wants it may.
--
-- KEYS: the partition, head, log, hidden bits, online hash, the rooms of the partition, what is due
--   there, the feed, members, rules, who wrote lately, invites; where it is about an invitation, its code
-- ARGV: server id, the channel, a fresh word, the room, who wants it, the rank that they need (0:
--   any), known epoch and known seq (may be empty), the ttl (0: none), how long an empty room is
--   kept (0: for good), how many bans and mutes it may have (0: no limit); then the steps:
--     make KIND NAME | rank USER RANK WHEN | restrain WORD USER FOR_MS NOTE | release WORD USER
--     | rule NAME VALUE | name NAME | tell LETTER TYPE FIELDS SCOPE
--     | offer CODE EXPIRES_MS USES MOST | revoke CODE | spend CODE (these as the first)
--   (RANK 0: no member; WHEN: member, any or stranger; FOR_MS 0: for good; an empty VALUE: none;
--   SCOPE: all or closed; USES `-`: as many as want to)
-- Gives the kind, 1 or 0 for whether anything changed, the time, the epoch, and of each event that was
--   stored its seq and ts; 0 and 0 where it was not. Or `!` and why it was denied, or nothing where there is no such room.

local ARGUMENTS = { make = 2, rank = 3, restrain = 4, release = 2, rule = 2, name = 1, tell = 4, offer = 4, revoke = 1, spend = 1 }

local server_id, channel, word, id, by, least = unpack(ARGV, 1, 6)
local known_epoch, known_seq, ttl, keep_ms = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local most_restraints = tonumber(ARGV[11])
local STEPS = 12
least = tonumber(least)
local keys = { head = KEYS[2], log = KEYS[3], hidden = KEYS[4], online = KEYS[5], rooms = KEYS[6], due = KEYS[7],
  members = KEYS[9], rules = KEYS[10], wrote = KEYS[11], invites = KEYS[12], code = KEYS[13] }

local function each_step(look)
  local at = STEPS
  while at <= #ARGV do
    local count = ARGUMENTS[ARGV[at]]
    local denied = look(ARGV[at], unpack(ARGV, at + 1, at + count))
    if denied then return denied end
    at = at + count + 1
  end
end

local term = word_of(redis.call('GET', KEYS[1]))
local held = redis.call('GET', keys.head)
local makes = ARGV[STEPS] == 'make'
if makes and held and held ~= DELETED then return { '!exists' } end
local room, failure, deleted = find_room(held, known_epoch, known_seq, term, word)
if failure then return redis.error_reply(failure) end
if not room and known_seq and not makes and not deleted then room = new_room(known_seq, term, word) end
if makes then
  room = new_room(nil, term, word)
  room.tail = ARGV[STEPS + 1] .. ' ' .. ARGV[STEPS + 2]
end
if not room then return {} end
local now = math.max(clock_ms(), room.ts)
local kind = kind_of(room)
local invites = ARGV[STEPS] == 'offer' or (ARGV[STEPS] == 'rank' and ARGV[STEPS + 3] == 'stranger')
if least == MEMBER and invites then least = least_to_invite(room) end
local rank = makes and OWNER or rank_of(keys.members, by)

-- Why somebody may not be given a rank.
local function denied_rank(user, wanted, when)
  local has = rank_of(keys.members, user)
  if when == 'stranger' then
    if has == 0 and user ~= by and is_restrained(keys.rules, 'ban', user, now) then return 'other_banned' end
    return nil
  end
  if has == 0 then return when == 'member' and 'no_member' or nil end
  if user == by then
    if wanted > has then return 'role' end
  elseif has >= rank then
    return 'outranked'
  end
  if has == OWNER and wanted < OWNER and redis.call('ZCARD', keys.members) > 1
    and redis.call('ZCOUNT', keys.members, '-inf', '(' .. score_of(ADMIN, 0)) == 1 then return 'last_owner' end
end

-- Whether the room has as many bans and mutes in force as it may. Those that are over are taken away.
local function has_too_many_restraints(word, user)
  if most_restraints == 0 or redis.call('HLEN', keys.rules) < most_restraints or is_restrained(keys.rules, word, user, now) then return false end
  local held, over, count = redis.call('HGETALL', keys.rules), {}, 0
  for k = 1, #held, 2 do
    local until_ms = string.find(held[k], ' ', 1, true) and tonumber(string.match(held[k + 1], '^%d+'))
    if until_ms and until_ms > 0 and until_ms <= now then over[#over + 1] = held[k] elseif until_ms then count = count + 1 end
  end
  for k = 1, #over, 1000 do redis.call('HDEL', keys.rules, unpack(over, k, math.min(k + 999, #over))) end
  return count >= most_restraints
end

local function denied_step(what, a, b, c, d)
  if what == 'rank' then return denied_rank(a, tonumber(b), c) end
  if what == 'offer' then return has_many_invitations(keys, tonumber(d), now) and 'many_invites' or nil end
  if what == 'revoke' then return denied_to_revoke(keys, by, rank, a, now) end
  if what ~= 'restrain' then return nil end
  local other = b ~= by and rank_of(keys.members, b) or 0
  if other > 0 and other >= rank then return 'outranked' end
  if has_too_many_restraints(a, b) then return 'restraints' end
end

local denied
if ARGV[STEPS] == 'spend' then
  denied = denied_to_spend(room, keys, by, ARGV[STEPS + 1], now)
elseif not makes then
  denied = denied_to_read(room, keys.members, keys.rules, by, now)
  if not denied and rank < least then denied = rank == 0 and 'stranger' or 'role' end
end
denied = denied or each_step(denied_step)
if denied then return { '!' .. denied } end

local last = room.seq
local last_changed, any_changed, told = false, false, {}

local to = { server_id = server_id, channel = channel, id = id, term = term, word = word, now = now, ttl = ttl,
  log = keys.log, hidden = keys.hidden, feed = KEYS[8], due = keys.due }

local DO = {}
function DO.make() return true end
function DO.rank(user, wanted, when)
  local has, since = rank_of(keys.members, user)
  wanted = tonumber(wanted)
  if (when == 'stranger') ~= (has == 0) or has == wanted then return false end
  if wanted == 0 then
    redis.call('ZREM', keys.members, user)
    -- They may not know yet: whoever writes is to be looked at from now on.
    if user ~= by then set_letter(room, 'b') end
    return true
  end
  -- Who gets another role has been there as long as before.
  redis.call('ZADD', keys.members, score_of(wanted, since or now), user)
  if wanted ~= MEMBER then set_letter(room, 'r') end
  if wanted == READONLY then set_letter(room, 'o') end
  return true
end
function DO.restrain(what, user, for_ms, note)
  local until_ms = tonumber(for_ms) > 0 and now + tonumber(for_ms) or 0
  redis.call('HSET', keys.rules, what .. ' ' .. user, digits(until_ms) .. ' ' .. note)
  set_letter(room, string.sub(what, 1, 1))
  return true
end
function DO.release(what, user) return redis.call('HDEL', keys.rules, what .. ' ' .. user) == 1 end
function DO.rule(name, value)
  local letter = LETTERS[name]
  if (redis.call('HGET', keys.rules, name) or '') == value then return false end
  if value == '' then
    redis.call('HDEL', keys.rules, name)
    take_letter(room, letter)
  else
    redis.call('HSET', keys.rules, name, value)
    set_letter(room, letter)
  end
  return true
end
function DO.name(name)
  local room_kind, room_letters, before = kind_of(room)
  if before == name then return false end
  room.tail = room_kind .. (room_letters ~= '' and ':' or '') .. room_letters .. ' ' .. name
  return true
end

function DO.offer(code, expires_ms, uses, most) return offer(keys, id, by, code, tonumber(expires_ms), uses, tonumber(most), now) end
function DO.revoke(code)
  redis.call('UNLINK', keys.code)
  return redis.call('HDEL', keys.invites, code) == 1
end
function DO.spend(code) return spend(keys, by, code, now) end

if makes then redis.call('UNLINK', keys.members, keys.rules, keys.wrote, keys.invites) end
if room.fresh then keep_room(keys, room, id, now, keep_ms) end
each_step(function(what, ...)
  if what == 'tell' then
    local letter, kind_name, fields, scope = ...
    local wanted = last_changed and (scope == 'all' or kind ~= 'public')
    local seq, ts = '0', '0'
    if wanted then seq, ts = tell(to, room, letter, kind_name, fields) end
    told[#told + 1], told[#told + 2] = seq, ts
    return
  end
  last_changed = DO[what](...)
  any_changed = any_changed or last_changed
end)

if any_changed then redis.call('SET', keys.head, head_of_room(room)) end
note_told(to, room, last)
local answer = { kind, any_changed and 1 or 0, digits(now), room.epoch }
for _, value in ipairs(told) do answer[#answer + 1] = value end
return answer
