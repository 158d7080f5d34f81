"""Videos from web addresses: the only room that knows yt-dlp and the downloads folder."""
