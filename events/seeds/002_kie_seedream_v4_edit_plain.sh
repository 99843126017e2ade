curl --request POST \
  --url https://api.kie.ai/api/v1/jobs/createTask \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: application/json' \
  --data '
{
  "model": "bytedance/seedream-v4-edit",
  "callBackUrl": "https://your-domain.com/api/callback",
  "input": {
    "prompt": "参考此标志,为名为‘KIE AI’的户外运动品牌创作一张视觉展示图。在同一张图中呈现五件品牌周边产品:一个包装袋、一顶帽子、一个纸箱、一个腕带和一条挂绳。主视觉色调为蓝色,风格活泼简约且兼具现代感。",
    "image_urls": [
      "https://file.aiquickdraw.com/custom-page/akr/section-images/1757930552966e7f2on7s.png"
    ],
    "image_size": "square_hd",
    "image_resolution": "1K",
    "max_images": 1
  }
}
'
