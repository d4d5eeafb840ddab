#include "daemon/reply/signs.hpp"

#include <doctest/doctest.h>

#include "daemon/reply/read.hpp"

using pingjing::Scale;
using namespace pingjing::reply;

TEST_CASE("who does not wish to be called says it beside the 3 or after it, and what another wants is none of it") {
    for (auto text : {"3 不要回访", "3,别打电话了", "不用回访了", "不需要回访", "3 电话就不用打了", "别给我打电话", "3,不用再联系我了", "拒绝回访", "3 don't call me", "0"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).no_callback);
    }
    for (auto text : {"3", "3 民警让我别打电话了", "3 他们叫我不要打电话", "3 再也不想打电话报警了", "你们从来不回访", "3 没有回访", "别打了", "3 电话没人接", "3 不要联系对方"}) {
        CAPTURE(text);
        CHECK_FALSE(read(Scale::three_110, text).no_callback);
    }
    CHECK(read(Scale::three_110, "0").zero);
    CHECK_FALSE(read(Scale::three_110, "不用回访了").zero);
}

TEST_CASE("an opt-out is what a reasonable person reads as one, and a letter only alone") {
    struct { const char* text; bool opt_out; } cases[] = {
        {"T", true}, {"ｔ", true}, {" td ", true}, {"回T退订", true}, {"退訂", true}, {"N", true}, {"别再发短信", true}, {"请勿骚扰", true},
        {"不要再给我发了，烦不烦", true}, {"STOP.", true}, {"opt-out", true}, {"please stop texting me", true}, {"我要退订", true},
        {"T恤被偷了", false}, {"N多人", false}, {"T3航站楼", false}, {"退订酒店的钱一直没有退给我", false}, {"a friend in the end", false},
        {"全场3折起，回T退订", false}, {"1", false}, {"0", false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK((read(Scale::three_110, c.text).label == Label::opt_out) == c.opt_out);
    }
}

// 不接受 may be of our texts or of what was done: a person asks. Whoever says of what is understood.
TEST_CASE("wishes, receipts and a phone's excuses are small talk, and nothing else is") {
    for (auto text : {"好的我知道了", "祝工作顺利", "中秋节快乐", "新年快乐,祝大家平安", "我现在不方便", "您好,我正在忙", "上课中勿扰", "已收到短信,谢谢",
                      "不用了谢谢", "辛苦了各位", "noted with thanks", "sorry, i can't talk right now", "Happy New Year!"})
        CHECK_MESSAGE(read(Scale::three_110, text).why == "none.small_talk", std::string(text));
    for (auto text : {"我知道了是谁干的", "祝工作顺利,案子怎么还没立", "打错了", "不是本人", "警察和对方是亲戚", "我现在不方便出门", "没事了但是钱没追回来", "他说在忙就走了",
                      "got it wrong", "i can't talk, he is here"})
        CHECK_MESSAGE(read(Scale::three_110, text).why != "none.small_talk", std::string(text));
}

TEST_CASE("who accepts nothing is asked what, unless he says it") {
    struct { const char* text; const char* label; } cases[] = {
        {"不接受", "ambiguous"}, {"不接受!", "ambiguous"}, {"我不接受", "ambiguous"}, {"不接受短信", "opt_out"}, {"不接受任何短信", "opt_out"}, {"不接受调查", "opt_out"},
        {"不接受 T", "opt_out"}, {"不接受，回T", "opt_out"}, {"不接受这个结果", "dissatisfied"}, {"处理结果我不接受", "dissatisfied"}, {"坚决不接受", "dissatisfied"},
        {"3 不接受", "dissatisfied"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(label_text(read(Scale::three_110, c.text), Scale::three_110) == c.label);
    }
}

// One alarm too many costs a call, one too few a life.
TEST_CASE("the sign for SOS is a cry, alone and beside anything") {
    for (auto text : {"🆘", "🆘🆘🆘", "1🆘", "🆘 我在家", "謝謝🆘"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).emergency);
    }
    CHECK(read(Scale::three_110, "1🆘").rating == 1);
    CHECK_FALSE(read(Scale::three_110, "🆗").emergency);
}

TEST_CASE("an opt-out as a clause of its own beside a rating in words does both") {
    for (auto text : {"不满意,STOP ALL", "满意。退出订阅", "不满意,垃圾短信,退订", "太差了,拉黑了", "不满意,配信停止", "满意。unsubscribe"}) {
        CAPTURE(text);
        auto v = read(Scale::three_110, text);
        CHECK(v.label == Label::opt_out);
        CHECK(v.rating.has_value());
    }
    for (auto text : {"不满意,让他停止施工", "满意,案子可以取消了", "不满意,没有退订金给我"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).label == Label::rating);
    }
}

TEST_CASE("a danger is heard in words that say it sideways, and what is over is none") {
    for (auto text : {"陌生男人把孩子带走了", "有人站在楼顶边上", "他把我绑在椅子上", "他拿枕头捂我", "我不想连累家人了,我走了", "我在宾馆302被他们看着", "车里锁着个小孩在哭",
                      "点个外卖,送到阳光小区3栋502,要快,不要打电话", "警察救人啊快", "孩子不见了,警察找到没", "孩子不见了,帮我找到他", "谢谢救命", "孩子吃了老鼠药",
                      "民警批评了他,他拿刀追我", "你们来得及吗,有人打我", "民警制止了,可是孩子不见了", "你们批评教育完,他打我", "110来得太慢,有人落水了", "医药费没赔,有人打我",
                      "有人打我,批评教育没用", "有人要自杀快救", "快把轻生的人拉住", "着火的那家还有人没出来", "救上来了没呼吸",
                      "孩子救上来了但是不喘气", "楼上的那户人家着火了", "刚才做梦,现在他在砸我的门"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).emergency);
    }
    for (auto text : {"我被打了还让我给他道歉,你们和稀泥", "民警奋不顾身救人,点赞", "你们来得快救火及时满意", "昨天老人走丢,民警陪着找到凌晨三点,满意", "被打了半年了案子还没结果,不满意",
                      "邻居拿刀吓唬我,你们只是口头教育,不满意", "被抢了手机,第二天就追回来了,点赞", "您的外卖到了", "爆炸头", "打架斗殴罚多少", "手机掉河里了帮我捞上来", "锤子", "我梦见有人追我",
                      "着火的那户是几楼"}) {
        CAPTURE(text);
        CHECK_FALSE(read(Scale::three_110, text).emergency);
    }
}

TEST_CASE("an opt-out beside a rating does both") {
    for (auto text : {"1 退订", "1,退订", "退订 1", "1 T"}) {
        CAPTURE(text);
        auto v = read(Scale::three_110, text);
        CHECK(v.label == Label::opt_out);
        CHECK(v.rating == 1);
    }
    CHECK(read(Scale::three_110, "START").opt_in);
    CHECK(read(Scale::three_110, "恢复").opt_in);
}

TEST_CASE("who asks politely for no more texts, or will not have them, has opted out") {
    for (auto text : {"麻烦取消推送", "帮我把短信关了", "劳烦停止推送", "不接收此类信息", "我不收这种短信", "本人不再接收任何信息", "谢绝回访短信", "短信不要再来了", "屏蔽掉", "别整这些短信",
                      "cancel sms"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).label == Label::opt_out);
    }
    for (auto text : {"关了门不让进", "把手机退了", "请取消对方的低保", "他不接收调解", "麻烦取消报警", "把施工停了", "不收证据"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).label != Label::opt_out);
    }
}

TEST_CASE("who was pulled back, or disarmed, is in danger no more, and who is about to be is") {
    for (auto text : {"她要跳楼是你们拉回来的 满意", "把拿刀的人控制住了", "老婆要杀了我哈哈 忘了买菜", "民警很快把拿刀的人抓走了", "下次我要报警也不找你们"}) {
        CAPTURE(text);
        CHECK_FALSE(read(Scale::three_110, text).emergency);
    }
    for (auto text : {"她要跳楼 快来", "他拿刀把我控制住了", "他要杀了我", "我跑出去被他拉回来了 他打我", "快把拿刀的人抓走", "3，我要报警", "我要报警，没人管"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).emergency);
    }
}

TEST_CASE("an emergency is heard in every text, an idiom is none") {
    struct { const char* text; bool emergency; } cases[] = {
        {"救命", true}, {"救 命！", true}, {"有人打我", true}, {"他拿刀了", true}, {"著火了", true}, {"有人跳楼", true}, {"我不想活了", true},
        {"我被关起来了", true}, {"孩子不见了", true}, {"help he has a gun", true}, {"jiuming", true}, {"1 有人在砸门", true},
        {"好像有贼翻我家衣柜，我不敢吱声", true}, {"退订 救命", true}, {"【某网】验证码 救命", true},
        {"饿死了", false}, {"吓死我了", false}, {"打我电话", false}, {"跳楼价", false}, {"救命恩人啊", false}, {"满意", false}, {"help", false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(read(Scale::three_110, c.text).emergency == c.emergency);
    }
}

TEST_CASE("what was over hides no danger that came after it, nor an idiom a cry around it") {
    struct { const char* text; bool emergency; } cases[] = {
        {"立案后他又来打我", true}, {"罚款之后他来我家踢门", true}, {"人抓住了可是他弟弟有刀", true}, {"调解以后他照样来闹", true}, {"保护令没用他来踢门", true},
        {"来世再见", true}, {"他不让我打电话", true}, {"偷电瓶车的人还在楼下", true},
        {"结案后没再打架", false}, {"误报了没有人拿刀", false}, {"民警处理后他没再砸门", false}, {"着火了处理得还是很及时", false}, {"电影里杀人那段", false},
        {"打死我也不信", false}, {"下辈子再见面", false}, {"民警让我打电话", false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(read(Scale::three_110, c.text).emergency == c.emergency);
    }
}

TEST_CASE("a letter behind a verdict ends the texts and keeps the rating") {
    struct { const char* text; bool opt_out; } cases[] = {
        {"满意,就是等了很久 T", true}, {"很满意。回T", true}, {"处理速度太慢了不满意 T", true}, {"垃圾TD", true}, {"满意 R", true},
        {"满意T恤", false}, {"型号是T", false}, {"满意 T3航站楼", false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK((read(Scale::three_110, c.text).label == Label::opt_out) == c.opt_out);
    }
    CHECK(read(Scale::three_110, "不满意TD").rating == 3);
}

TEST_CASE("an emergency keeps its rating and says whether an answer would be dangerous") {
    auto v = read(Scale::three_110, "3 他又来了，在踹门，别回电");
    CHECK(v.emergency);
    CHECK(v.do_not_contact);
    CHECK(v.rating == 3);
    CHECK_FALSE(read(Scale::three_110, "救命").do_not_contact);
    for (auto text : {"别发短信，他会看我手机", "不要回，他在旁边，救我", "有人打我，我不能打电话", "he is here, don't text back, help me please",
                      "请不要打我电话,他会发现", "别让他发现", "他不让我打电话", "他在看我手机"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).emergency);
        CHECK(read(Scale::three_110, text).do_not_contact);
        CHECK(read(Scale::three_110, text).label == Label::none);
    }
}

TEST_CASE("what is told as past raises no alarm, unless it goes on") {
    struct { const char* text; bool emergency; } cases[] = {
        {"上次着火了，现在没事了", false}, {"谢谢你们救了我", false}, {"昨天打架的事处理了吗", false}, {"1，上次有人打我，你们来得很快", false},
        {"被抢的手机找到了吗", false}, {"上次打我的人现在又来了", true}, {"昨天他打我，现在在门口", true}, {"上次是邻居，这次快来人", true},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(read(Scale::three_110, c.text).emergency == c.emergency);
    }
}

TEST_CASE("neither a rating, nor thanks, nor a complaint about police makes danger past") {
    for (auto text : {
        "不满意,着火了",
        "不满意,他拿刀",
        "3不满意 他拿刀来了",
        "3,不满意,着火了",
        "不满意!他拿刀砍人",
        "不满意,有人在家门口砸门",
        "不满意,我要跳楼",
        "不满意,我要自杀",
        "不满意 我想死",
        "非常不满意,家里着火了没人管",
        "谢谢你们,孩子掉河里了",
        "谢谢你们,他拿刀",
        "多谢,有人砍人",
        "感谢你们,我老公要自杀",
        "谢谢你们,煤气漏了",
        "你们不管,我就跳楼",
        "不立案我就跳楼",
        "赔偿不给我就自杀",
        "我想自杀,没人管我",
        "这件事逼得我想自杀",
        "警察不管,他要杀我全家",
        "没人来,他拿刀砍门",
        "他昨晚把我关起来了",
        "我从昨天被锁在屋里",
        "警察来了走了,他拿刀要砍我",
        "那个邻居拿刀",
        "后来他拿刀追我",
        "律师说他要杀我",
        "医院了,喘不上气",
        "my case: he is breaking into my house",
        "the case: he has a gun",
        "thank you for coming, he has a knife and is at my door",
        "我想死了",
        "我真的想死了",
        "老人没有呼吸",
        "老人没有呼吸了",
        "老人没有意识",
        "我家老人丢了",
        "孩子掉了下去",
        "孩子走丢了,帮忙找",
        "他们在打我朋友",
        "有人打我朋友",
        "我躲在家里",
        "我躲在家里不敢出去",
        "he is dying",
        "my husband is dying",
        "他被打断了腿",
        "被淹了,出不来",
        "家里有人在翻东西",
        "不满意,来自我的救命",
         }) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).emergency);
    }
    for (auto event : {"着火了", "他拿刀来了", "孩子掉河里了", "有人砸门", "我要跳楼"})
        for (auto [before, behind] : {std::pair{"不满意,", ""}, {"3 ", ""}, {"谢谢你们,", ""}, {"", ",没人管"}, {"你们不来,", ""}, {"", ",满意"}, {"律师说", ""}}) {
            auto text = std::string(before) + event + behind;
            CAPTURE(text);
            CHECK(read(Scale::three_110, text).emergency);
        }
}

TEST_CASE("who asks us to stop is heard, also in reported speech") {
    for (auto text : {"叫你们不要再发短信了", "让你们别发短信了", "我要求你们不要再发短信,退订"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).label == Label::opt_out);
    }
    CHECK(read(Scale::three_110, "叫他别再发短信骚扰我").label != Label::opt_out);
}

TEST_CASE("help is asked for by the number to send, or by who cannot do it") {
    for (auto text : {"发什么数字", "回哪个数字啊", "怎么操作 不会"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).label == Label::help);
    }
}

TEST_CASE("help is asked for in few words") {
    for (auto text : {"help", "INFO", "?", "？？", "帮助", "怎么评价", "这是什么短信", "1代表什么"}) {
        CAPTURE(text);
        CHECK(read(Scale::three_110, text).label == Label::help);
    }
}
