-- One row per day and sensor with readings.
-- identity: (SELECT coalesce(sum(readings), 0) FROM mart.sensor_days) = (SELECT count(*) FROM fact_sensor_reading)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- sensor_id: The sensor
-- readings: Readings of the day
-- least_temperature: Degrees Celsius
-- mean_temperature: Degrees Celsius, mean of the readings
-- greatest_temperature: Degrees Celsius
-- least_humidity: Percent
-- mean_humidity: Percent, mean of the readings
-- greatest_humidity: Percent
CREATE VIEW mart.sensor_days AS
SELECT date_key, day.date, sensor_id, count(*) AS readings, min(temperature) AS least_temperature,
       round(avg(temperature), 2) AS mean_temperature, max(temperature) AS greatest_temperature,
       min(humidity) AS least_humidity, round(avg(humidity), 2) AS mean_humidity, max(humidity) AS greatest_humidity
FROM fact_sensor_reading
JOIN dim_date AS day USING (date_key)
GROUP BY date_key, day.date, sensor_id
