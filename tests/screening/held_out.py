"""The set that is held out: whole sentences, each written for itself, after the rules were done.

No rule was changed for it; what it finds wanting is published as it is. The identifier stands
between ``[`` and ``]``, # is a digit. Whoever changes a rule for a sentence here moves this set to
the others and writes a new one.
"""

from __future__ import annotations

import random

from tests.screening.planted import Planted

SEED = 31337
TIMES = 2

_SENTENCES: dict[str, dict[str, list[str]]] = {
    "en": {
        "phone": [
            "I spoke to the mother again today, her new line is [0#6 ### ####], please do not share.",
            "Mama Boi, the madam, used two numbers: [+39 3## ### ####] and another one.",
            "If the girls panic they text [+44 7### ######] and we send the car.",
            "Landlady ([0803 ### ####]) agreed to wait for the rent.",
        ],
        "email": [
            "Invoices for the safe flat go to [nightowl_#@example.org].",
            "She only reads mail at [sister.moon##@example.co.uk] once a week.",
            "cc [t.o.helper@example.ng] on all follow-up",
            "We got the offer letter from <[hr-dubai@jobs.example.com]>.",
        ],
        "document_number": [
            "Immigration stamped her out on passport [L8######] via Entebbe.",
            "The broker kept three ID cards, one of them numbered [2#######].",
            "Her NIN ([CF##0###########]) is needed for the clinic card.",
            "A fake driving licence, [DLN-##-#####], was found in his car.",
        ],
        "coordinates": [
            "Drone pictures put the mine at [1#.#####, -1#.#####].",
            "Meet the boat at [#°##'##\"N ##°##'##\"E] after dark.",
            "The brothel's pin is [-1.######, 36.######] on the map.",
            "Well no. 4, lat [-##.#### long ##.####], is where the children drink.",
        ],
        "address": [
            "He drove them to [## Old Kampala Road] and locked the gate.",
            "Mail for the survivors should go to [Flat 2#, ## Marina Terrace].",
            "The massage parlour on [### West Lake Avenue] reopened under another name.",
            "Two of them rent a room at [House No. ##, Palm Grove Lane].",
        ],
        "name_and_date": [
            "[Zainab Oyelaran, 16 years old], wants to be a nurse.",
            "Discharged this month: [Precious M. (b. 14/02/200#)].",
            "[Hawa Conteh] gave birth on 3 April 2026 at the clinic.",
            "We mourn [Ritu Gurung (19)], who died of her injuries.",
        ],
        "person_name": [
            "[Mrs Abimbola Fashola] pays the school fees of both girls.",
            "Everything changed when our client [Sreyneang] met the lawyer.",
            "The recruiter is a woman called [Madam Tessy Igbinedion].",
            "[Fatmata Sesay] told the workshop how she escaped.",
        ],
        "profile": [
            "Her ex posts her pictures on [instagram.com/lagos.bigboy##].",
            "The ring advertised as [@sweetjobs_qatar] on three platforms.",
            "Screenshots of [https://www.facebook.com/happy.nurse.##] are with the police.",
            "He writes from Telegram: [@uncle_visa#].",
        ],
    },
    "fr": {
        "phone": [
            "J'ai reparlé à la maman, son nouveau numéro est le [0# ## ## ## ##], à ne pas diffuser.",
            "La patronne avait deux puces, dont [+234 80# ### ####].",
            "En cas de panique les filles écrivent au [+221 77 ### ## ##].",
            "La logeuse ([96 ## ## ##]) accepte d'attendre le loyer.",
        ],
        "email": [
            "Les factures de l'appartement vont à [petite.etoile##@example.fr].",
            "Elle ne lit ses courriels ([awa_lumiere@example.sn]) qu'une fois par semaine.",
            "copie à [t.secours@example.org] pour tout suivi",
            "Le contrat venait de <[rh-dubai@emplois.example.com]>.",
        ],
        "document_number": [
            "La police des frontières a noté le passeport [09PF#####] à Roissy.",
            "Le passeur gardait trois cartes d'identité, dont la n° [1##########].",
            "Son NIN ([1 98## 19## #####]) est demandé par la clinique.",
            "Un faux permis de conduire, [PC-##-#####], était dans la voiture.",
        ],
        "coordinates": [
            "Le drone situe la mine à [1#.#####, -#.#####].",
            "La pirogue attend à [1#°##'##\"N 1#°##'##\"O] la nuit.",
            "Le repère de la maison close est [14.######, -17.######].",
            "Le puits n° 4, latitude [-1#.####, longitude 4#.####], sert aux enfants.",
        ],
        "address": [
            "Il les a conduites au [##, rue Félix Faure] et a fermé le portail.",
            "Le courrier des survivantes va à [Villa n° ##, avenue Cheikh Anta Diop].",
            "Le salon du [### boulevard Lumumba] a rouvert sous un autre nom.",
            "Deux d'entre elles louent une chambre [# bis rue des Palmiers].",
        ],
        "name_and_date": [
            "[Ndèye Khady Mbow, 16 ans], veut devenir infirmière.",
            "Sortie ce mois-ci : [Bénédicte K. (née le 14/02/200#)].",
            "[Mariame Keïta] a accouché le 3 avril 2026 à la clinique.",
            "Nous pleurons [Rachelle Mboumba (19 ans)], morte de ses blessures.",
        ],
        "person_name": [
            "[Mme Odile Ngo Bassong] paie l'école des deux filles.",
            "Tout a changé quand notre cliente [Mahoua] a rencontré l'avocate.",
            "La recruteuse est une femme appelée [Tantie Gloria Osazuwa].",
            "[Fatoumata Kanté] a raconté à l'atelier comment elle a fui.",
        ],
        "profile": [
            "Son ex publie ses photos sur [instagram.com/boss.abidjan##].",
            "Le réseau s'affichait sous [@emploi_facile_qatar].",
            "Les captures de [https://www.facebook.com/infirmiere.heureuse.##] sont à la police.",
            "Il écrit par Telegram : [@tonton_visa#].",
        ],
    },
    "es": {
        "phone": [
            "Hablé otra vez con la mamá, su número nuevo es el [9## ### ###], no lo compartan.",
            "La madrina tenía dos líneas, una de ellas [+58 412 ### ####].",
            "Si hay pánico, las chicas escriben al [+52 961 ### ####].",
            "La casera ([7###-####]) aceptó esperar la renta.",
        ],
        "email": [
            "Las facturas del piso seguro van a [luna.nueva##@example.es].",
            "Solo lee el correo ([flor_silvestre@example.mx]) una vez por semana.",
            "copia a [apoyo.t@example.org] en todo el seguimiento",
            "La oferta vino de <[rrhh-dubai@empleos.example.com]>.",
        ],
        "document_number": [
            "Migración selló la salida con el pasaporte [AQ######] por Bogotá.",
            "El coyote guardaba tres cédulas, una con el número [1.0##.###.###].",
            "Su DUI ([0#######-#]) lo pide la clínica.",
            "Una licencia falsa y el DNI [4#######] estaban en el carro.",
        ],
        "coordinates": [
            "El dron ubica la mina en [-#.#####, -7#.#####].",
            "La lancha espera en [1#°##'##\"N 8#°##'##\"O] de noche.",
            "El pin del burdel es [14.######, -91.######].",
            "El pozo 4, latitud [-1#.####, longitud -6#.####], es donde beben los niños.",
        ],
        "address": [
            "Las llevó a la [Calle Nueva ##-##] y cerró el portón.",
            "El correo de las sobrevivientes va a [Carrera 1# # ##-##, apto 2##].",
            "El spa de la [Avenida Las Américas ###] reabrió con otro nombre.",
            "Dos de ellas alquilan un cuarto en [Jirón Cusco ###].",
        ],
        "name_and_date": [
            "[Dayana Chávez, de 16 años], quiere ser enfermera.",
            "Egresada este mes: [Nicol R. (nacida el 14/02/200#)].",
            "[Rosalba Tzul] dio a luz el 3 de abril de 2026 en la clínica.",
            "Lloramos a [Karen Yupanqui (19 años)], que murió por sus heridas.",
        ],
        "person_name": [
            "[Doña Eulogia Catari] paga la escuela de las dos niñas.",
            "Todo cambió cuando nuestra usuaria [Maryorit] conoció a la abogada.",
            "La reclutadora es una mujer llamada [Tía Chabela Montes].",
            "[Carmen Apaza] contó en el taller cómo escapó.",
        ],
        "profile": [
            "Su ex publica sus fotos en [instagram.com/jefe.tapachula##].",
            "La red se anunciaba como [@trabajo_facil_qatar].",
            "Las capturas de [https://www.facebook.com/enfermera.feliz.##] las tiene la policía.",
            "Escribe por Telegram: [@tio_visa#].",
        ],
    },
    "ar": {
        "phone": [
            "تحدثت مع الأم مجددا ورقمها الجديد [077# ### ###] فلا تنشروه.",
            "كان لدى السيدة خطان أحدهما [+971 5# ### ####].",
            "عند الخوف ترسل الفتيات رسالة إلى [+20 12# ### ####].",
            "صاحبة البيت ([٠٧٩٨٧#٦٥٤٣]) وافقت على الانتظار.",
        ],
        "email": [
            "ترسل فواتير الشقة الآمنة إلى [qamar.layl##@example.org].",
            "تقرأ بريدها ([ward_abyad@example.com]) مرة في الأسبوع.",
            "نسخة إلى [musaada.t@example.org] في كل متابعة",
            "جاء العرض من <[hr-dubai@jobs.example.com]>.",
        ],
        "document_number": [
            "ختم موظف الحدود جواز السفر [N01######] عند المغادرة.",
            "احتفظ السمسار بثلاث هويات إحداها رقم [9#########].",
            "رقمها القومي ([٣٠٥٠#١٢٣٤٥٦٧٨٩]) مطلوب في العيادة.",
            "وجد في السيارة جواز سفر مزور رقم [A0#######].",
        ],
        "coordinates": [
            "تظهر الطائرة المنجم عند [1#.#####, 3#.#####].",
            "ينتظر القارب عند [3#°##'##\"N 1#°##'##\"E] ليلا.",
            "موقع البيت على الخريطة [33.######, 44.######].",
            "البئر الرابعة عند خط العرض [1#.####] يشرب منها الأطفال.",
        ],
        "address": [
            "أخذهن إلى [شارع المتنبي، بناية ##] وأغلق الباب.",
            "يرسل بريد الناجيات إلى [## شارع الحبيب بورقيبة].",
            "أعيد افتتاح الصالون في [شارع الحمراء رقم ###] باسم آخر.",
            "تستأجر اثنتان غرفة في [زنقة الرمان رقم #].",
        ],
        "name_and_date": [
            "[زهرة البكري، 16 سنة]، تريد أن تصبح ممرضة.",
            "غادرت المركز هذا الشهر: [هبة س. (مواليد 200#)].",
            "[منى الطائي] وضعت مولودها في 3 أبريل 2026 في العيادة.",
            "فقدنا [رنا خوري (19 عاما)] متأثرة بجراحها.",
        ],
        "person_name": [
            "تدفع [السيدة ابتهال الجبوري] رسوم مدرسة الفتاتين.",
            "تغير كل شيء حين التقت موكلتنا [ليلى عبود] بالمحامية.",
            "المجندة امرأة تدعى [أم جلال الدليمي].",
            "روت [فاطمة الكعبي] في الورشة كيف هربت.",
        ],
        "profile": [
            "ينشر طليقها صورها على [instagram.com/boss.baghdad##].",
            "أعلنت الشبكة باسم [@easy_jobs_qatar].",
            "لقطات [https://www.facebook.com/happy.nurse.##] لدى الشرطة.",
            "يكتب من تيليجرام: [@uncle_visa#].",
        ],
    },
}  # fmt: skip

_HARMLESS = {
    "en": [
        "Phase 2 (01.02.2026-31.12.2027) costs EUR 1#,###.## of which line C.1.# takes ##%.",
        "Madam President, the delegation of Burkina Faso thanks Caritas and the Mercy Corps office.",
        "Bright Future Centre, Plot 12 of the industrial zone, will be audited in May 20##.",
        "Girls' clubs: 4# schools, ## teachers, average age 14.# years, 3 districts.",
        "Between Kampala and Jinja ### buses were checked; ## drivers fined UGX ### 000 each.",
        "Case numbers 1##-1## were closed, 2# remain open after 12 months.",
        "World Vision, Save the Children and Hope for Justice share the ### beds.",
        "The Trafficking in Persons (Amendment) Bill, clause 7 (2), passed by ### votes to ##.",
        "Solar lamps 4## pcs @ 12.## = 5,###.##; serial nos. kept in store ledger 17.",
        "Mother Teresa Clinic and King Faisal Hospital treat our referrals since 1 June 20##.",
    ],
    "fr": [
        "La phase 2 (01.02.2026-31.12.2027) coûte 1# ###,## EUR dont ## % en ligne C.1.#.",
        "Madame la Présidente, la délégation du Burkina Faso remercie Caritas et Médecins du Monde.",
        "Le Centre Avenir, zone industrielle, lot 12, sera audité en mai 20##.",
        "Clubs de filles : 4# écoles, ## enseignantes, âge moyen 14,# ans, 3 départements.",
        "Entre Lomé et Aného ### cars contrôlés ; ## chauffeurs à l'amende de ## 000 FCFA.",
        "Les dossiers 1##-1## sont clos, 2# restent ouverts après 12 mois.",
        "Terre des Hommes, Plan et le Samu social se partagent les ### lits.",
        "Le projet de loi, alinéa 7 (2), a été adopté par ### voix contre ##.",
        "Lampes solaires 4## pcs à 12,## = 5 ###,## ; n° de série au registre 17.",
        "La clinique Mère Teresa et l'hôpital Roi Fayçal soignent nos cas depuis le 1er juin 20##.",
    ],
    "es": [
        "La fase 2 (01.02.2026-31.12.2027) cuesta 1#.###,## EUR, ##% en la línea C.1.#.",
        "Señora Presidenta, la delegación de Costa Rica agradece a Cáritas y a Médicos del Mundo.",
        "El Centro Futuro, zona industrial, lote 12, será auditado en mayo de 20##.",
        "Clubes de niñas: 4# escuelas, ## maestras, edad media 14,# años, 3 departamentos.",
        "Entre Puno y Cusco se revisaron ### buses; ## choferes multados con ### soles.",
        "Los casos 1##-1## se cerraron, 2# siguen abiertos tras 12 meses.",
        "Plan, Visión Mundial y el Hogar Esperanza comparten las ### camas.",
        "El proyecto de ley, inciso 7 (2), se aprobó por ### votos contra ##.",
        "Lámparas solares 4## uds. a 12,## = 5.###,##; series en el registro 17.",
        "La Clínica Madre Teresa y el Hospital San Rafael atienden desde el 1 de junio de 20##.",
    ],
    "ar": [
        "تكلف المرحلة الثانية (01.02.2026-31.12.2027) 1#,###.## يورو منها ##% في البند C.1.#.",
        "السيدة الرئيسة، يشكر وفد موريتانيا كاريتاس وأطباء العالم.",
        "سيدقق مركز المستقبل في المنطقة الصناعية في مايو 20##.",
        "نوادي الفتيات: 4# مدرسة و## معلمة ومتوسط العمر 14.# سنة في 3 محافظات.",
        "فحصت ### حافلة بين بغداد والبصرة وغرم ## سائقا ### دينار.",
        "أغلقت الحالات 1##-1## وبقيت 2# مفتوحة بعد 12 شهرا.",
        "تتقاسم منظمة الرؤية ودار الأمل ### سريرا.",
        "أقر مشروع القانون، الفقرة 7 (2)، بأغلبية ### صوتا مقابل ##.",
        "مصابيح شمسية 4## قطعة بسعر 12.## = 5,###.##؛ الأرقام في سجل المخزن 17.",
        "تعالج عيادة الأم تيريزا ومستشفى الملك فيصل حالاتنا منذ 1 يونيو 20##.",
    ],
}  # fmt: skip


def _with_digits(rng: random.Random, text: str) -> str:
    return "".join(str(rng.randint(1, 8)) if sign == "#" else sign for sign in text)


def planted() -> list[Planted]:
    """Return the identifiers in their sentences, always the same."""
    rng = random.Random(SEED)
    found = []
    for language, kinds in _SENTENCES.items():
        for kind, sentences in kinds.items():
            for sentence in sentences * TIMES:
                start, end = sentence.index("["), sentence.rindex("]") - 1
                text = _with_digits(rng, sentence.replace("[", "").replace("]", ""))
                found.append(Planted(language, kind, text, start, end))
    return found


def harmless() -> list[Planted]:
    """Return sentences with nothing personal in them, always the same."""
    rng = random.Random(SEED + 1)
    return [
        Planted(language, "", _with_digits(rng, sentence))
        for language, sentences in _HARMLESS.items()
        for sentence in sentences
        for _ in range(4)
    ]
