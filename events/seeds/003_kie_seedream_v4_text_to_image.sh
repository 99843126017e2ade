curl --request POST \
  --url https://api.kie.ai/api/v1/jobs/createTask \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: application/json' \
  --data '
{
  "model": "bytedance/seedream-v4-text-to-image",
  "callBackUrl": "https://your-domain.com/api/callback",
  "input": {
    "prompt": "在黑板上绘制下列二元一次方程组及对应的解题步骤：5x + 2y = 26；2x - y = 5",
    "image_size": "square_hd",
    "image_resolution": "1K",
    "max_images": 1
  }
}
'
