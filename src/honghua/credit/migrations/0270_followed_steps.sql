-- Steps that the books took are written behind their facts: what is booked and not yet paid out is found at once, however long the book is.

CREATE INDEX credit_contract_steps_booked ON credit_contract_steps (business_on, contract_id, number) WHERE step = 8 AND outcome = 'passed';
CREATE INDEX credit_contract_steps_seen ON credit_contract_steps (contract_id, number) WHERE step = 10;
CREATE INDEX credit_contract_steps_fact ON credit_contract_steps (contract_id, fact_id) WHERE fact_id IS NOT NULL;
