-- Whether any grant may be used at all is asked by every unit of work: found at once, however many coupons wait to be claimed.
CREATE INDEX limits_grant_active ON limits_grant (until_on) WHERE state = 'active';
