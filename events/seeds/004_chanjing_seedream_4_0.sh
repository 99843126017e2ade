curl --location --request POST 'https://www.chanjing.cc/open/v1/ai_creation/task/submit' \
--header 'access_token: {{access_token}}' \
--header 'Content-Type: application/json' \
--data-raw '{
    "ref_img_url": ["https://res.chanjing.cc/chanjing/res/aigc_creation/photo/xxx.jpg"],
    "ref_prompt": "一位年轻女性在海边散步,电影感光影,细节清晰",
    "creation_type": 3,
    "aspect_ratio": "9:16",
    "clarity": 2048,
    "number_of_images": 1,
    "model_code": "doubao-seedream-4.0"
}'
